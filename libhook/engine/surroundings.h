// Surroundings: what differs between the doors when they dial: how they look names up, how they put
// another socket in a descriptor's place, and how they wait.
#ifndef GOCHAIN_ENGINE_SURROUNDINGS_H_
#define GOCHAIN_ENGINE_SURROUNDINGS_H_

#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/endpoint.h"
#include "base/failure.h"
#include "engine/path_choice.h"
#include "engine/relay_place.h"
#include "protocol/step.h"

namespace engine {

// The program that dials. To find out about it costs the supervisor a look into /proc, so it is
// asked only where a rule or a log line needs to know.
class Program {
 public:
  virtual int pid() = 0;
  virtual std::string_view exe() = 0;  // base name; empty: unknown

 protected:
  ~Program() = default;
};

// What an attempt has done for it at once, whether or not its caller waits.
class Means {
 public:
  // Addresses of `name`, looked up here, in the order to try them: how many; 0: there is none; or
  // -errno: -ETIMEDOUT past `deadline_ms`, and the others of Surroundings::Connect(). `doubt` as
  // there; or nullptr.
  virtual int Resolve(std::string_view name, std::span<base::IpAddress> out, int64_t deadline_ms,
                      Doubt* doubt) = 0;
  // Puts a new stream socket of `domain` in the place of `fd` in the program, with the options and
  // flags of the old one. Returns the descriptor to go on with, or -errno.
  virtual int Replace(int fd, int domain) = 0;
  // Puts a connection to proxy number `proxy` that was made ready before (supervisor/ready_pool.h)
  // in the place of `fd` in the program, with the options and flags of the old one. Returns the
  // descriptor to go on with, and how far it has got, or -ENOENT: there is none.
  struct ReadyHop {
    protocol::Socks5Method greeted = protocol::Socks5Method::kUnknown;  // of SOCKS5: by that one
  };
  virtual int TakeReady(int /*fd*/, int /*domain*/, uint16_t /*proxy*/, ReadyHop* /*out*/) {
    return -ENOENT;
  }
  // Has a relay started in the place of the one with that version, which is gone (0: there was
  // none), and finds it. False, with the failure: nobody here can. A launcher has started its own.
  virtual bool StartRelay(uint64_t version, FoundRelay* relay, base::Failure* why) {
    *relay = {};
    *why = {.cause = base::Cause::kRelay, .code = ECONNREFUSED};
    why->set_detail(version != 0 ? "it is gone" : "there is none");
    return false;
  }

 protected:
  ~Means() = default;
};

// The same for a caller that waits until the dial is over.
class Surroundings : public Means {
 public:
  // kProgramTimedOut: the socket's own SO_SNDTIMEO ran out, before the deadline. kLost: the doubt
  // says so.
  enum class Waited : uint8_t {
    kReady,
    kTimedOut,
    kInterrupted,
    kAbandoned,
    kProgramTimedOut,
    kLost,
  };

  // Connect() and Wait() ask it every Doubt::kEveryMs. nullptr: nobody has to be asked.
  void set_doubt(Doubt* doubt) { doubt_ = doubt; }

  // Connects `fd`, blocking or not, until `deadline_ms`. 0, or -errno: -ETIMEDOUT past the
  // deadline, -EINTR where a signal ended it, -ECANCELED where nobody waits for the answer any
  // more, -EINPROGRESS where the socket's own SO_SNDTIMEO ran out, -ECONNABORTED for kLost.
  virtual int Connect(int fd, const sockaddr* address, socklen_t length, int64_t deadline_ms) = 0;
  // Waits until `fd` has one of `events` (POLLIN, POLLOUT, or an error).
  virtual Waited Wait(int fd, short events, int64_t deadline_ms) = 0;

 protected:
  ~Surroundings() = default;
  Doubt* doubt() const { return doubt_; }
  bool IsLost() const { return doubt_ != nullptr && doubt_->IsLost(); }

 private:
  Doubt* doubt_ = nullptr;
};

}  // namespace engine

#endif  // GOCHAIN_ENGINE_SURROUNDINGS_H_
