// RelayPlace: where a run's relay is, in a piece of the session's region that every process of the
// run shares. Lock-free; any thread; async-signal-safe.
//
// Under a launcher the keeper of the run sets it before COMMAND starts. A library alone starts a
// relay when the first dial needs one, and another where that one is gone: whoever Claim()s the
// start does it, the others wait for Find() to tell.
#ifndef GOCHAIN_ENGINE_RELAY_PLACE_H_
#define GOCHAIN_ENGINE_RELAY_PLACE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "protocol/relay_message.h"

namespace engine {

// `version` tells one relay from the next; never 0.
struct FoundRelay {
  protocol::RelayAccess access;
  uint64_t version = 0;
};

class RelayPlace {
 public:
  RelayPlace() = default;
  // REQUIRES: RegionSize() bytes of zeros or of another view, aligned for uint64_t.
  explicit RelayPlace(std::span<uint8_t> region);
  static constexpr size_t RegionSize() { return kWords * sizeof(uint64_t); }

  // A starter that hasn't come back by then is dead.
  static constexpr int64_t kStartTimeoutMs = 10000;

  // Empty where there is none, or none yet.
  std::optional<FoundRelay> Find() const;
  // True: the caller starts a relay, in the place of the one with that version (0: there was none),
  // and then calls Publish() or Abandon(). False: somebody else does, or has.
  bool Claim(uint64_t version, int64_t now_ms);
  // True while somebody is starting one.
  bool IsClaimed(int64_t now_ms) const;
  void Publish(const protocol::RelayAccess& access);  // REQUIRES: Claim() was true
  void Abandon();                                     // REQUIRES: Claim() was true

 private:
  // kState: 0, or when the start began, in ms << 2, and a Phase. kPort: bit 16: has_v6.
  enum Word : size_t { kState, kPort, kRequest, kReply = kRequest + 2, kWords = kReply + 2 };
  enum Phase : uint64_t { kClaimed = 1, kReady = 2, kPhase = 3 };

  uint64_t Load(size_t word) const;
  void Store(size_t word, uint64_t value);

  uint64_t* words_ = nullptr;
};

}  // namespace engine

#endif  // GOCHAIN_ENGINE_RELAY_PLACE_H_
