// Patience: how a thread of the relay waits while it dials for a program: no longer than the hop's
// time, and only while the program still waits.
#ifndef GOCHAIN_RELAY_PATIENCE_H_
#define GOCHAIN_RELAY_PATIENCE_H_

#include <poll.h>

#include <cstdint>

#include "relay/stream.h"

namespace relay {

class Patience {
 public:
  enum class Waited : uint8_t {
    kReady,
    kTimedOut,
    kGone,  // the program has given up: all is to end at once, and nobody wants to know why
  };

  // `program` is the program's connection, borrowed; -1: nobody can give up. It sends nothing while
  // it waits, so that whatever is to be read there is its end.
  explicit Patience(int program) : program_(program) {}

  // Waits until `fd` has one of `events`, or an error; -1: only lets the time pass.
  Waited Wait(int fd, short events, int64_t deadline_ms) const;
  // Waits until what `interest` stands for (Stream::Wants()) is worth another try.
  Waited Wait(const Stream& stream, short interest, int64_t deadline_ms) const;

 private:
  Waited Wait(pollfd (&watched)[3], int64_t deadline_ms) const;

  int program_;
};

}  // namespace relay

#endif  // GOCHAIN_RELAY_PATIENCE_H_
