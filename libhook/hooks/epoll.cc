// epoll_ctl and the waits on epoll sets. A wait is the real call and, after it, one load: another
// thread may begin a dial while this one waits, and its set then has an event of the library's own,
// which the program must not see. Async-signal-safe.
#include <sys/epoll.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "base/descriptor_room.h"
#include "hooks/errno_keeper.h"
#include "hooks/next.h"
#include "hooks/poll.h"
#include "hooks/user_memory.h"
#include "loop/descriptors.h"
#include "loop/guard.h"
#include "loop/riders.h"
#include "loop/watches.h"

namespace hooks {
namespace {

constexpr int64_t kNsPerMs = 1000000;

// When a wait that began now has to end. What time it is matters only if the library has events in
// the set: it has, or another thread may put some there.
int64_t DeadlineNs(int64_t timeout_ns) {
  const bool may_matter = loop::HasWatches() || loop::IsBusy() || real::MayHaveThreads();
  return timeout_ns <= 0                       ? timeout_ns
         : timeout_ns == kNever || !may_matter ? kNever
                                               : NowNs() + timeout_ns;
}

// Goes on with a wait until there is something of the program's to report. `wait` takes what is
// left of the time in nanoseconds, or kNever.
template <typename Wait>
int Rest(epoll_event* events, int count, int64_t deadline_ns, Wait wait) {
  const ErrnoKeeper keeper;
  for (int turn = 0; count > 0 && loop::HasWatches(); ++turn) {
    count = loop::Filter(events, count);
    // What was not ready may be now, even for a caller that doesn't wait.
    const bool is_over =
        deadline_ns != kNever && (deadline_ns <= 0 ? turn > 0 : NowNs() >= deadline_ns);
    if (count > 0 || is_over) {
      break;
    }
    count = FromC(wait(deadline_ns == kNever ? kNever
                       : deadline_ns <= 0    ? 0
                                             : std::max<int64_t>(deadline_ns - NowNs(), 0)));
  }
  return keeper.Return(count);
}

int ToMs(int64_t left_ns) {
  return left_ns == kNever
             ? -1
             : static_cast<int>(std::min<int64_t>((left_ns + kNsPerMs - 1) / kNsPerMs, INT32_MAX));
}

int64_t ToNs(int timeout_ms) { return timeout_ms < 0 ? kNever : timeout_ms * kNsPerMs; }

// A program with an event loop will have many descriptors, and no time to wait for their table.
void MakeRoom(int set) {
  static constinit std::atomic<bool> is_made = false;
  if (!is_made.load(std::memory_order_relaxed) && !real::MayHaveThreads()) {
    is_made.store(true, std::memory_order_relaxed);
    base::MakeRoomForDescriptors(set);
  }
}

int EpollCtl(int set, int operation, int fd, epoll_event* event) {
  const bool has_event = operation != EPOLL_CTL_DEL;
  if (has_event && !IsReadable(event, sizeof *event)) {
    return FromC(real::epoll_ctl(set, operation, fd, event));
  }
  const auto own = loop::IsBusy() ? loop::Control(set, operation, fd, event) : std::nullopt;
  const int result = own ? *own : FromC(real::epoll_ctl(set, operation, fd, event));
  if (result == 0) {
    MakeRoom(set);
    if (loop::Descriptor* const descriptor =
            has_event ? loop::MakeDescriptor(fd) : loop::FindDescriptor(fd)) {
      descriptor->Note(operation, set, event);
    }
  }
  return result;
}

}  // namespace

namespace exported {

int epoll_ctl(int set, int operation, int fd, epoll_event* event) {
  const ErrnoKeeper keeper;
  return keeper.Return(EpollCtl(set, operation, fd, event));
}

int epoll_wait(int set, epoll_event* events, int max, int timeout_ms) {
  const int64_t deadline_ns = DeadlineNs(ToNs(timeout_ms));
  const int count = real::epoll_wait(set, events, max, timeout_ms);
  if (count <= 0 || !loop::HasWatches()) {
    return count;
  }
  return Rest(events, count, deadline_ns,
              [&](int64_t left_ns) { return real::epoll_wait(set, events, max, ToMs(left_ns)); });
}

int epoll_pwait(int set, epoll_event* events, int max, int timeout_ms, const sigset_t* mask) {
  const int64_t deadline_ns = DeadlineNs(ToNs(timeout_ms));
  const int count = real::epoll_pwait(set, events, max, timeout_ms, mask);
  if (count <= 0 || !loop::HasWatches()) {
    return count;
  }
  return Rest(events, count, deadline_ns, [&](int64_t left_ns) {
    return real::epoll_pwait(set, events, max, ToMs(left_ns), mask);
  });
}

int epoll_pwait2(int set, epoll_event* events, int max, const timespec* timeout,
                 const sigset_t* mask) {
  int64_t deadline_ns = kNever;
  if (timeout != nullptr && IsReadable(timeout, sizeof *timeout) &&
      timeout->tv_sec < kNever / 2000000000) {
    deadline_ns = DeadlineNs(int64_t{timeout->tv_sec} * 1000000000 + timeout->tv_nsec);
  }
  const int count = real::epoll_pwait2(set, events, max, timeout, mask);
  if (count <= 0 || !loop::HasWatches()) {
    return count;
  }
  return Rest(events, count, deadline_ns, [&](int64_t left_ns) {
    const timespec left{left_ns / 1000000000, left_ns % 1000000000};
    return real::epoll_pwait2(set, events, max, left_ns == kNever ? nullptr : &left, mask);
  });
}

}  // namespace exported
}  // namespace hooks
