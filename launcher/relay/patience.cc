#include "relay/patience.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>

#include "base/clock.h"
#include "base/syscalls.h"

namespace relay {

Patience::Waited Patience::Wait(int fd, short events, int64_t deadline_ms) const {
  for (;;) {
    const int64_t left_ms = std::clamp<int64_t>(deadline_ms - base::NowMs(), 0, INT32_MAX);
    pollfd watched[] = {{program_, POLLIN | POLLRDHUP, 0}, {fd, events, 0}};
    const int ready = sys::Poll(watched, 2, static_cast<int>(left_ms));
    if (ready == -EINTR) {
      continue;
    }
    if (ready < 0 || watched[0].revents != 0) {
      return Waited::kGone;
    }
    if (watched[1].revents != 0) {
      return Waited::kReady;
    }
    if (base::NowMs() >= deadline_ms) {
      return Waited::kTimedOut;
    }
  }
}

}  // namespace relay
