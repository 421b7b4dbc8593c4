// select and pselect. While no dial rides they are the real call and one load; else the sets become
// a list for poll(2), as Linux itself defines them (select(2), "Correspondence between select() and
// poll() notifications"). Async-signal-safe.
#include <sys/select.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "hooks/errno_keeper.h"
#include "hooks/next.h"
#include "hooks/poll.h"
#include "hooks/room.h"
#include "hooks/user_memory.h"
#include "loop/guard.h"
#include "loop/riders.h"

namespace hooks {
namespace {

using Word = unsigned long;
constexpr int kWordBits = 8 * sizeof(Word);

// A bit set of any length: programs allocate larger ones than fd_set.
class Bits {
 public:
  explicit Bits(fd_set* set) : words_(reinterpret_cast<Word*>(set)) {}

  bool Has(int fd) const {
    return words_ != nullptr && (words_[fd / kWordBits] >> (fd % kWordBits) & 1) != 0;
  }
  void Add(int fd) const { words_[fd / kWordBits] |= Word{1} << (fd % kWordBits); }
  void Clear(int count) const {
    if (words_ != nullptr) {
      std::memset(words_, 0, Size(count));
    }
  }
  bool IsUsable(int count) const { return words_ == nullptr || IsReadable(words_, Size(count)); }

 private:
  static size_t Size(int count) {
    return static_cast<size_t>((count + kWordBits - 1) / kWordBits) * sizeof(Word);
  }
  Word* words_;
};

struct Sets {
  Bits in;
  Bits out;
  Bits exceptions;
  int limit;  // no descriptor from there on

  short EventsOf(int fd) const {
    return static_cast<short>((in.Has(fd) ? POLLIN : 0) | (out.Has(fd) ? POLLOUT : 0) |
                              (exceptions.Has(fd) ? POLLPRI : 0));
  }
  bool IsUsable() const {
    return in.IsUsable(limit) && out.IsUsable(limit) && exceptions.IsUsable(limit);
  }
  bool HasRider() const {
    for (int fd = 0; fd < limit; ++fd) {
      if (EventsOf(fd) != 0 && loop::RiderOn(fd) != nullptr) {
        return true;
      }
    }
    return false;
  }
};

int Wait(const Sets& sets, pollfd* list, int64_t deadline_ns, const sigset_t* mask) {
  nfds_t count = 0;
  for (int fd = 0; fd < sets.limit; ++fd) {
    if (const short events = sets.EventsOf(fd); events != 0) {
      list[count++] = {fd, events, 0};
    }
  }
  const int result = WaitForDescriptors(list, count, deadline_ns, mask);
  if (result < 0) {
    return result;
  }
  for (nfds_t i = 0; i < count; ++i) {
    if ((list[i].revents & POLLNVAL) != 0) {
      return -EBADF;
    }
  }
  sets.in.Clear(sets.limit);
  sets.out.Clear(sets.limit);
  sets.exceptions.Clear(sets.limit);
  int bits = 0;
  for (nfds_t i = 0; i < count; ++i) {
    const auto [fd, events, revents] = list[i];
    if ((events & POLLIN) != 0 && (revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
      sets.in.Add(fd);
      ++bits;
    }
    if ((events & POLLOUT) != 0 && (revents & (POLLOUT | POLLERR)) != 0) {
      sets.out.Add(fd);
      ++bits;
    }
    if ((events & POLLPRI) != 0 && (revents & POLLPRI) != 0) {
      sets.exceptions.Add(fd);
      ++bits;
    }
  }
  return bits;
}

int WaitForSets(const Sets& sets, int64_t deadline_ns, const sigset_t* mask) {
  const size_t room = (static_cast<size_t>(sets.limit) + 1) * sizeof(pollfd);
  return WithRoom(room, [&](char* memory) {
    return Wait(sets, reinterpret_cast<pollfd*>(memory), deadline_ns, mask);
  });
}

bool IsBusyIn(const Sets& sets) { return sets.limit >= 0 && sets.IsUsable() && sets.HasRider(); }

int Select(int limit, fd_set* in, fd_set* out, fd_set* exceptions, timeval* timeout) {
  const Sets sets{Bits(in), Bits(out), Bits(exceptions), limit};
  const bool is_valid = timeout == nullptr || (timeout->tv_sec >= 0 && timeout->tv_usec >= 0);
  if (!is_valid || !IsBusyIn(sets)) {
    return FromC(real::select(limit, in, out, exceptions, timeout));
  }
  const int64_t deadline_ns = timeout == nullptr ? kNever
                                                 : NowNs() + int64_t{timeout->tv_sec} * 1000000000 +
                                                       int64_t{timeout->tv_usec} * 1000;
  const int result = WaitForSets(sets, deadline_ns, nullptr);
  if (timeout != nullptr) {
    const int64_t left_us = std::max<int64_t>(deadline_ns - NowNs(), 0) / 1000;
    *timeout = {left_us / 1000000, left_us % 1000000};
  }
  return result;
}

int Pselect(int limit, fd_set* in, fd_set* out, fd_set* exceptions, const timespec* timeout,
            const sigset_t* mask) {
  const Sets sets{Bits(in), Bits(out), Bits(exceptions), limit};
  const bool is_valid = timeout == nullptr || (timeout->tv_sec >= 0 && timeout->tv_nsec >= 0 &&
                                               timeout->tv_nsec < 1000000000);
  if (!is_valid || !IsBusyIn(sets)) {
    return FromC(real::pselect(limit, in, out, exceptions, timeout, mask));
  }
  return WaitForSets(sets,
                     timeout == nullptr
                         ? kNever
                         : NowNs() + int64_t{timeout->tv_sec} * 1000000000 + timeout->tv_nsec,
                     mask);
}

}  // namespace

namespace exported {

int select(int limit, fd_set* in, fd_set* out, fd_set* exceptions, timeval* timeout) {
  if (!loop::IsBusy()) {
    return real::select(limit, in, out, exceptions, timeout);
  }
  const ErrnoKeeper keeper;
  return keeper.Return(Select(limit, in, out, exceptions, timeout));
}

int pselect(int limit, fd_set* in, fd_set* out, fd_set* exceptions, const timespec* timeout,
            const sigset_t* mask) {
  if (!loop::IsBusy()) {
    return real::pselect(limit, in, out, exceptions, timeout, mask);
  }
  const ErrnoKeeper keeper;
  return keeper.Return(Pselect(limit, in, out, exceptions, timeout, mask));
}

}  // namespace exported
}  // namespace hooks
