// Whose fault a failed dial was: what a chain with more than one path goes by, and what the health
// of its hops is made of.
#ifndef GOCHAIN_CHAIN_FAULT_H_
#define GOCHAIN_CHAIN_FAULT_H_

#include <cstddef>
#include <cstdint>

#include "base/failure.h"

namespace chain {

struct Fault {
  enum class Kind : uint8_t {
    kNone,    // nobody's on the way: this process, gochain itself, or the caller's own time
    kHop,     // hop number `hop` doesn't do its work, or can't be reached
    kTarget,  // the target's, or what the last hop thinks of it: another path changes nothing
    // Nothing came from hop number `hop`, or the connection ended: its own, of a hop before it,
    // which carries the connection; or of what is behind it, where it was asked for that.
    kUnclear,
  };
  Kind kind = Kind::kNone;
  uint8_t hop = 0;
  friend bool operator==(const Fault&, const Fault&) = default;
};

// `failure` is that of a dial with `hops` hops. Pure. REQUIRES: hops > 0
Fault FaultOf(const base::Failure& failure, size_t hops);

}  // namespace chain

#endif  // GOCHAIN_CHAIN_FAULT_H_
