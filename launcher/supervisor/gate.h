// Gate: what of the program's bytes a splice lets through, where it isn't all of them. Sans-I/O; of
// the thread that runs the splice.
#ifndef GOCHAIN_SUPERVISOR_GATE_H_
#define GOCHAIN_SUPERVISOR_GATE_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace supervisor {

class Gate {
 public:
  enum class State : uint8_t {
    kOpen,
    kShut,    // the far end has had all that it shall have; it isn't told so
    kSpoilt,  // what came is malformed: the connection is cut
  };

  virtual ~Gate() = default;
  // How many of the first of `bytes`, which come next, may go through.
  virtual size_t Measure(std::span<const uint8_t> bytes) const = 0;
  // They did. REQUIRES: Measure() allows them
  virtual void Pass(std::span<const uint8_t> bytes) = 0;
  virtual State state() const = 0;
};

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_GATE_H_
