// Broker: a process of gochain's that holds the tables which the programs of a user with the same
// rules share where no launcher stands above them (process/broker_process.h).
//
// It is found by an abstract socket name made of the user and a hash of the rules, so in one
// network namespace; nothing is written anywhere. Who believes it has seen that it is the same
// user's, and that the region it hands out has the very same rules: of another's, and of other
// rules with the same hash, the next name is tried. Async-signal-safe; waits for the broker, but
// not for long.
#ifndef GOCHAIN_ENGINE_BROKER_H_
#define GOCHAIN_ENGINE_BROKER_H_

#include <sys/types.h>

#include <cstdint>
#include <span>

#include "base/fd.h"
#include "config/config.h"
#include "engine/session.h"

namespace engine {

// What it says with the region's descriptor. Another build's is refused: the number changes with
// the region's layout, or the config image's.
inline constexpr uint64_t kBrokerMagic = 0x676f42726f6b6501;

// How many connections may wait for it to have been started.
inline constexpr int kBrokerQueue = 1024;

// Without the passwords, about which a hash that everybody can read must say nothing.
uint64_t RulesHash(const config::Config& config, std::span<const uint8_t> config_image);

// Finds the broker, or makes what it is started with.
class BrokerSearch {
 public:
  enum class Outcome : uint8_t {
    kFound,  // region() is the broker's
    kStart,  // there is none: the caller starts it with region() and listener()
    kNone,   // and there can't be one
  };

  // REQUIRES: the image, which `config` is a view of, outlives this.
  BrokerSearch(const config::Config& config, std::span<const uint8_t> config_image)
      : config_(config), config_image_(config_image) {}

  // Once. A broker that the caller then fails to start is no trouble: with its listener the name is
  // gone.
  Outcome Run();

  base::Fd& region() { return region_; }
  base::Fd& listener() { return listener_; }
  // After kFound: its process, or the one that has just started it; 0: in another PID namespace.
  pid_t broker() const { return broker_; }
  // After kNone; empty where there shall be none.
  const char* why() const { return why_; }

 private:
  enum class Answer : uint8_t { kFound, kNobody, kGone, kAnother };
  class Name;

  Answer Ask(const Name& name);
  bool Bind(const Name& name);

  const config::Config& config_;
  std::span<const uint8_t> config_image_;
  base::Fd region_;
  base::Fd listener_;
  pid_t broker_ = 0;
  const char* why_ = "";
};

}  // namespace engine

#endif  // GOCHAIN_ENGINE_BROKER_H_
