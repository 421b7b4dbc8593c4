#include "relay/patience.h"

#include <algorithm>
#include <cerrno>

#include "base/clock.h"
#include "base/syscalls.h"

namespace relay {

Patience::Waited Patience::Wait(int fd, short events, int64_t deadline_ms) const {
  pollfd watched[3] = {{}, {fd, events, 0}, {-1, 0, 0}};
  return Wait(watched, deadline_ms);
}

Patience::Waited Patience::Wait(const Stream& stream, short interest, int64_t deadline_ms) const {
  if ((interest & POLLIN) != 0 && stream.has_buffered()) {
    return Waited::kReady;
  }
  pollfd watched[3];
  AddTo(watched + 1, stream, interest);
  return Wait(watched, deadline_ms);
}

Patience::Waited Patience::Wait(pollfd (&watched)[3], int64_t deadline_ms) const {
  watched[0] = {program_, POLLIN | POLLRDHUP, 0};
  for (;;) {
    const int64_t left_ms = std::clamp<int64_t>(deadline_ms - base::NowMs(), 0, INT32_MAX);
    const int ready = sys::Poll(watched, 3, static_cast<int>(left_ms));
    if (ready == -EINTR) {
      continue;
    }
    if (ready < 0 || watched[0].revents != 0) {
      return Waited::kGone;
    }
    if (ready > 0) {
      return Waited::kReady;
    }
    if (base::NowMs() >= deadline_ms) {
      return Waited::kTimedOut;
    }
  }
}

}  // namespace relay
