// AwaitNone: looks from time to time whether what is counted has come to its end.
#ifndef GOCHAIN_SUPERVISOR_AWAIT_NONE_H_
#define GOCHAIN_SUPERVISOR_AWAIT_NONE_H_

#include <cstdint>

#include "base/clock.h"
#include "base/syscalls.h"

namespace supervisor {

// False: after `timeout_ms` count() isn't 0 yet. A negative one has no end, and looks less often.
template <typename Count>
bool AwaitNone(int64_t timeout_ms, Count count) {
  constexpr int kLookMs = 5;
  constexpr int kPatientLookMs = 200;
  const int64_t until_ms = timeout_ms < 0 ? INT64_MAX : base::NowMs() + timeout_ms;
  while (count() > 0) {
    if (base::NowMs() >= until_ms) {
      return false;
    }
    sys::Poll(nullptr, 0, timeout_ms < 0 ? kPatientLookMs : kLookMs);
  }
  return true;
}

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_AWAIT_NONE_H_
