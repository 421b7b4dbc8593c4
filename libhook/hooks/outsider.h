// Starts the launcher as a process that the program it is started from knows nothing of: a
// grandchild in a session of its own. The program's wait(2) doesn't see it, no SIGCHLD comes of it,
// and it has none of the program's descriptors. Async-signal-safe, any thread; no signal is handled
// on the calling thread meanwhile.
#ifndef GOCHAIN_HOOKS_OUTSIDER_H_
#define GOCHAIN_HOOKS_OUTSIDER_H_

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string_view>

#include "base/fd.h"

namespace hooks {

// While it lives no signal is handled on this thread: a handler that never comes back must not
// leave something half started, and none may run in a process that shares this memory.
class SignalsBlocked {
 public:
  SignalsBlocked() { Set(~uint64_t{0}, &before_); }
  ~SignalsBlocked() { Set(before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  static void Set(uint64_t mask, uint64_t* old);
  uint64_t before_ = 0;
};

struct Outsider {
  pid_t pid = 0;         // there is none, and the rest says why
  const char* why = "";  // "it can't be started"
  int error = 0;         // the errno of that, where it has one

  // "it can't be started: errno 2"
  std::string_view Text(std::span<char> buffer) const;
};

// Above the standard descriptors, which an outsider's own take the place of.
bool MoveUp(base::Fd* fd);

// `gochain OPTION PID`, with `input` and `output` as standard input and output. REQUIRES: both are
// above 2, and SignalsBlocked.
Outsider StartOutsider(const char* option, pid_t pid, int input, int output);

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_OUTSIDER_H_
