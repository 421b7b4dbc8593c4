#include "loop/watches.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>

#include "base/clock.h"
#include "base/syscalls.h"
#include "loop/guard.h"

namespace loop {
namespace {

constexpr uint64_t kTimer = ~uint64_t{0};

struct Watch {
  int set = -1;  // the program's
  int inner = -1;
  int timer = -1;
  int64_t armed_ms = INT64_MAX;
  uint32_t entries = 0;
};

// More event loops than that in one process dial and wait.
constinit std::array<Watch, 64> g_watches;
// Data of the library's own entries in the program's sets: this and the number of the watch.
constinit std::atomic<uint64_t> g_mark = 0;

long Control(int set, int operation, int fd, uint32_t events, uint64_t data) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = data;
  return sys::Call(SYS_epoll_ctl, set, operation, fd, reinterpret_cast<long>(&event));
}

void SetMark() {
  if (g_mark.load(std::memory_order_relaxed) == 0) {
    uint64_t word = 0;
    if (sys::Call(SYS_getrandom, reinterpret_cast<long>(&word), sizeof word) != sizeof word) {
      word = 0x9e3779b97f4a7c15;
    }
    g_mark.store((word | 1ull << 63) & ~uint64_t{0xff}, std::memory_order_relaxed);
  }
}

Watch* Find(int set) {
  for (Watch& watch : g_watches) {
    if (watch.inner >= 0 && watch.set == set) {
      return &watch;
    }
  }
  return nullptr;
}

void Close(Watch& watch) {
  if (watch.set >= 0) {
    Control(watch.set, EPOLL_CTL_DEL, watch.inner, 0, 0);
  }
  sys::Close(watch.inner);
  sys::Close(watch.timer);
  watch = {};
  g_watch_count.fetch_sub(1, std::memory_order_relaxed);
}

// nullptr, with -errno, where it can't be had.
Watch* Make(int set, int* error) {
  const auto free = std::find_if(g_watches.begin(), g_watches.end(),
                                 [](const Watch& watch) { return watch.inner < 0; });
  if (free == g_watches.end()) {
    *error = -ENOMEM;
    return nullptr;
  }
  SetMark();
  const long inner = sys::Call(SYS_epoll_create1, EPOLL_CLOEXEC);
  const long timer =
      inner >= 0 ? sys::Call(SYS_timerfd_create, CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK) : -1;
  if (timer < 0) {
    *error = static_cast<int>(inner < 0 ? inner : timer);
    if (inner >= 0) {
      sys::Close(static_cast<int>(inner));
    }
    return nullptr;
  }
  *free = {.set = set, .inner = static_cast<int>(inner), .timer = static_cast<int>(timer)};
  g_watch_count.fetch_add(1, std::memory_order_relaxed);
  const auto index = static_cast<uint64_t>(free - g_watches.begin());
  Control(free->inner, EPOLL_CTL_ADD, free->timer, EPOLLIN, kTimer);
  *error = static_cast<int>(Control(set, EPOLL_CTL_ADD, free->inner, EPOLLIN,
                                    g_mark.load(std::memory_order_relaxed) | index));
  if (*error != 0) {
    free->set = -1;
    Close(*free);
    return nullptr;
  }
  return &*free;
}

void Arm(Watch& watch, int64_t wake_ms) {
  watch.armed_ms = wake_ms;
  itimerspec when{};
  if (wake_ms != INT64_MAX) {
    // 0 would switch it off.
    const int64_t at_ms = std::max<int64_t>(wake_ms, 1);
    when.it_value = {at_ms / 1000, at_ms % 1000 * 1000000};
  }
  sys::Call(SYS_timerfd_settime, watch.timer, TFD_TIMER_ABSTIME, reinterpret_cast<long>(&when));
}

void WakeBy(Watch& watch, int64_t wake_ms) {
  if (wake_ms < watch.armed_ms) {
    Arm(watch, wake_ms);
  }
}

void Serve(Watch& watch) {
  std::array<epoll_event, 64> ready;
  const int inner = watch.inner;
  const long count =
      sys::Call(SYS_epoll_pwait, inner, reinterpret_cast<long>(ready.data()), ready.size());
  for (long i = 0; i < count; ++i) {
    const uint64_t rider = ready[static_cast<size_t>(i)].data.u64;
    if (rider != kTimer) {
      DriveRider(rider);
      continue;
    }
    uint64_t times;
    sys::Read(watch.timer, &times, sizeof times);
    const int64_t next_ms = DriveLate();
    if (watch.inner == inner) {
      Arm(watch, next_ms);
    }
  }
}

}  // namespace

constinit std::atomic<uint32_t> g_watch_count = 0;

int Attach(int set, int fd, uint64_t rider, int64_t wake_ms) {
  Watch* watch = Find(set);
  if (watch == nullptr) {
    int error = 0;
    watch = Make(set, &error);
    if (watch == nullptr) {
      return error;
    }
  }
  // One edge for each thing that may bring the dial on: it takes all there is at each.
  if (const long result = Control(watch->inner, EPOLL_CTL_ADD, fd,
                                  EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, rider);
      result != 0) {
    if (watch->entries == 0) {
      Close(*watch);
    }
    return static_cast<int>(result);
  }
  ++watch->entries;
  WakeBy(*watch, wake_ms);
  return 0;
}

void Detach(int set, int fd) {
  if (Watch* const watch = Find(set)) {
    Control(watch->inner, EPOLL_CTL_DEL, fd, 0, 0);
    if (--watch->entries == 0) {
      Close(*watch);
    }
  }
}

void WakeBy(int set, int64_t wake_ms) {
  if (Watch* const watch = Find(set)) {
    WakeBy(*watch, wake_ms);
  }
}

bool IsWatched(int set) { return Find(set) != nullptr; }

void CloseWatch(int set) {
  if (Watch* const watch = Find(set)) {
    Close(*watch);
  }
}

void ForgetWatches() {
  for (Watch& watch : g_watches) {
    if (watch.inner >= 0) {
      // The set itself is the parent's too, and keeps its entry.
      watch.set = -1;
      Close(watch);
    }
  }
}

bool IsOwnDescriptor(int fd) {
  return std::any_of(g_watches.begin(), g_watches.end(), [&](const Watch& watch) {
    return watch.inner >= 0 && (watch.inner == fd || watch.timer == fd);
  });
}

int NextOwnDescriptor(int low) {
  int next = INT32_MAX;
  for (const Watch& watch : g_watches) {
    for (const int fd : {watch.inner, watch.timer}) {
      if (fd >= low) {
        next = std::min(next, fd);
      }
    }
  }
  return next;
}

void MoveOwnDescriptor(int fd) {
  for (Watch& watch : g_watches) {
    if (watch.inner < 0 || (watch.inner != fd && watch.timer != fd)) {
      continue;
    }
    const int moved = sys::Fcntl(fd, F_DUPFD_CLOEXEC);
    if (moved < 0) {
      return;  // the number goes, and with it the wake-ups: waits on it end by their time
    }
    const bool is_timer = watch.timer == fd;
    const int above = is_timer ? watch.inner : watch.set;
    const auto index = static_cast<uint64_t>(&watch - g_watches.data());
    Control(above, EPOLL_CTL_DEL, fd, 0, 0);
    Control(above, EPOLL_CTL_ADD, moved, EPOLLIN,
            is_timer ? kTimer : g_mark.load(std::memory_order_relaxed) | index);
    (is_timer ? watch.timer : watch.inner) = moved;
    return;
  }
}

int Filter(epoll_event* events, int count) {
  const uint64_t mark = g_mark.load(std::memory_order_relaxed);
  int kept = 0;
  for (int i = 0; i < count; ++i) {
    const uint64_t data = events[i].data.u64;
    if (mark == 0 || (data & ~uint64_t{0xff}) != mark || (data & 0xff) >= g_watches.size()) {
      events[kept++] = events[i];
      continue;
    }
    const Guard guard;
    Watch& watch = g_watches[data & 0xff];
    if (guard.standing() == Guard::Standing::kOwner && watch.inner >= 0) {
      Serve(watch);
    }
  }
  return kept;
}

}  // namespace loop
