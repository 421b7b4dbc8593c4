// Patience: how a thread of the relay waits while it dials for a program: no longer than the hop's
// time, and only while the program still waits.
#ifndef GOCHAIN_RELAY_PATIENCE_H_
#define GOCHAIN_RELAY_PATIENCE_H_

#include <cstdint>

#include "base/failure.h"

namespace relay {

class Patience {
 public:
  enum class Waited : uint8_t {
    kReady,
    kTimedOut,
    kGone,  // the program has given up: all is to end at once, and nobody wants to know why
  };

  // `program` is the program's connection: borrowed. It sends nothing while it waits, so that
  // whatever is to be read there is its end.
  explicit Patience(int program) : program_(program) {}

  // Waits until `fd` has one of `events`, or an error; -1: only lets the time pass.
  Waited Wait(int fd, short events, int64_t deadline_ms) const;

 private:
  int program_;
};

}  // namespace relay

#endif  // GOCHAIN_RELAY_PATIENCE_H_
