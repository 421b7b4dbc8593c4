// poll and ppoll, with what FORTIFY makes of them. While no dial rides they are the real call and
// one load. Async-signal-safe.
#include "hooks/poll.h"

#include <time.h>

#include <algorithm>
#include <cerrno>

#include "base/clock.h"
#include "hooks/errno_keeper.h"
#include "hooks/next.h"
#include "hooks/room.h"
#include "hooks/user_memory.h"
#include "loop/guard.h"
#include "loop/riders.h"

namespace hooks {
namespace {

constexpr int64_t kNsPerMs = 1000000;

// What poll(2) says of a socket whose connect failed, as far as it was asked for.
short EventsOfFailure(short asked) {
  return static_cast<short>((asked & (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM | POLLRDHUP)) |
                            POLLERR | POLLHUP);
}

// One call of the program, while it waits.
class Waiting {
 public:
  Waiting(pollfd* fds, nfds_t count, pollfd* watched)
      : fds_(fds), watched_(watched), count_(count) {}

  // Fills what the kernel is to watch; returns how many failures there are to report.
  int Prepare() {
    const int64_t now_ms = base::NowMs();
    wake_ms_ = INT64_MAX;
    int failed = 0;
    for (nfds_t i = 0; i < count_; ++i) {
      watched_[i] = {fds_[i].fd, fds_[i].events, 0};
      const loop::Interest interest = loop::InterestIn(fds_[i].fd, now_ms);
      switch (interest.standing) {
        case loop::Standing::kNone:
          fds_[i].revents = kOfKernel;
          break;
        case loop::Standing::kDialling:
          fds_[i].revents = kDialling;
          watched_[i].events = interest.events;
          wake_ms_ = std::min(wake_ms_, interest.wake_ms);
          break;
        case loop::Standing::kFailed:
          fds_[i].revents = EventsOfFailure(fds_[i].events);
          watched_[i].fd = -1;
          ++failed;
          break;
      }
    }
    return failed;
  }

  int64_t wake_ms() const { return wake_ms_; }

  // Tells the program what the kernel saw of descriptors on which no dial rides. Returns how many
  // have something to report.
  int Report() {
    int reported = 0;
    for (nfds_t i = 0; i < count_; ++i) {
      if (fds_[i].revents == kOfKernel) {
        fds_[i].revents = watched_[i].revents;
      } else if (fds_[i].revents == kDialling) {
        fds_[i].revents = watched_[i].revents & POLLNVAL;
      }
      reported += fds_[i].revents != 0;
    }
    return reported;
  }

 private:
  // Marks that no kernel reports.
  static constexpr short kOfKernel = static_cast<short>(0x8000);
  static constexpr short kDialling = static_cast<short>(0xc000);

  pollfd* fds_;
  pollfd* watched_;
  nfds_t count_;
  int64_t wake_ms_ = INT64_MAX;
};

int Wait(pollfd* fds, nfds_t count, pollfd* watched, int64_t deadline_ns, const sigset_t* mask) {
  Waiting waiting(fds, count, watched);
  for (;;) {
    const bool has_failed = waiting.Prepare() > 0;
    int64_t until_ns = deadline_ns;
    if (waiting.wake_ms() < kNever / kNsPerMs) {
      until_ns = std::min(until_ns, waiting.wake_ms() * kNsPerMs);
    }
    const int64_t now_ns = NowNs();
    const int64_t left_ns = has_failed ? 0 : std::max<int64_t>(until_ns - now_ns, 0);
    const timespec left{left_ns / 1000000000, left_ns % 1000000000};
    const int result =
        real::ppoll(watched, count, until_ns == kNever && !has_failed ? nullptr : &left, mask);
    if (result < 0 && !has_failed) {
      return -errno;
    }
    if (const int reported = waiting.Report(); reported > 0) {
      return reported;
    }
    if (result <= 0 && NowNs() >= deadline_ns) {
      return 0;
    }
    if (result > 0 && deadline_ns != kNever && NowNs() >= deadline_ns) {
      // What just came may have been the last that a dial waited for.
      waiting.Prepare();
      const timespec none{};
      if (real::ppoll(watched, count, &none, mask) < 0) {
        return -errno;
      }
      return waiting.Report();
    }
  }
}

int64_t DeadlineNs(const timespec* timeout) {
  return timeout == nullptr || timeout->tv_sec > kNever / 2000000000
             ? kNever
             : NowNs() + int64_t{timeout->tv_sec} * 1000000000 + timeout->tv_nsec;
}

bool IsValid(const timespec* timeout) {
  return timeout == nullptr ||
         (timeout->tv_sec >= 0 && timeout->tv_nsec >= 0 && timeout->tv_nsec < 1000000000);
}

int Poll(pollfd* fds, nfds_t count, int timeout_ms) {
  if (!IsReadable(fds, count * sizeof *fds)) {
    return FromC(real::poll(fds, count, timeout_ms));
  }
  return WaitForDescriptors(
      fds, count, timeout_ms < 0 ? kNever : NowNs() + int64_t{timeout_ms} * kNsPerMs, nullptr);
}

int Ppoll(pollfd* fds, nfds_t count, const timespec* timeout, const sigset_t* mask) {
  if (!IsReadable(fds, count * sizeof *fds) || !IsValid(timeout)) {
    return FromC(real::ppoll(fds, count, timeout, mask));
  }
  return WaitForDescriptors(fds, count, DeadlineNs(timeout), mask);
}

}  // namespace

int64_t NowNs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000000000 + now.tv_nsec;
}

int WaitForDescriptors(pollfd* fds, nfds_t count, int64_t deadline_ns, const sigset_t* mask) {
  return WithRoom((count + 1) * sizeof *fds, [&](char* room) {
    return Wait(fds, count, reinterpret_cast<pollfd*>(room), deadline_ns, mask);
  });
}

namespace exported {

int poll(pollfd* fds, nfds_t count, int timeout_ms) {
  if (!loop::IsBusy()) {
    return real::poll(fds, count, timeout_ms);
  }
  const ErrnoKeeper keeper;
  return keeper.Return(Poll(fds, count, timeout_ms));
}

int ppoll(pollfd* fds, nfds_t count, const timespec* timeout, const sigset_t* mask) {
  if (!loop::IsBusy()) {
    return real::ppoll(fds, count, timeout, mask);
  }
  const ErrnoKeeper keeper;
  return keeper.Return(Ppoll(fds, count, timeout, mask));
}

// FORTIFY's own: `size` is what the compiler knows of the room behind `fds`. What is too small is
// left to libc, which ends the program.
int __poll_chk(pollfd* fds, nfds_t count, int timeout_ms, size_t size) {
  if (!loop::IsBusy() || size / sizeof *fds < count) {
    return real::__poll_chk(fds, count, timeout_ms, size);
  }
  const ErrnoKeeper keeper;
  return keeper.Return(Poll(fds, count, timeout_ms));
}

int __ppoll_chk(pollfd* fds, nfds_t count, const timespec* timeout, const sigset_t* mask,
                size_t size) {
  if (!loop::IsBusy() || size / sizeof *fds < count) {
    return real::__ppoll_chk(fds, count, timeout, mask, size);
  }
  const ErrnoKeeper keeper;
  return keeper.Return(Ppoll(fds, count, timeout, mask));
}

}  // namespace exported
}  // namespace hooks
