// The calls that close descriptors or make others of them: the library must know on which the
// program has a dial that rides, and keep its own two (loop/watches.h) from being closed by loops
// that close all. While no dial rides they are the real call and little more. Async-signal-safe and
// safe between vfork and exec.
#include "loop/descriptors.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "hooks/dns_sockets.h"
#include "hooks/errno_keeper.h"
#include "hooks/next.h"
#include "loop/guard.h"
#include "loop/riders.h"

namespace hooks {
namespace {

// CLOSE_RANGE_UNSHARE and CLOSE_RANGE_CLOEXEC of linux/close_range.h.
constexpr int kUnshare = 1 << 1;
constexpr int kCloseOnExec = 1 << 2;

// A number that is to be another file's.
void Replace(int fd) {
  loop::Replacing(fd);
  loop::Closing(fd);
}

void NoteCopy(int fd) {
  if (loop::Descriptor* const descriptor = loop::MakeDescriptor(fd)) {
    descriptor->NoteCopy();
  }
}

// `copy`, where it is no failure, is another descriptor of the file of `fd` now.
int Copied(int fd, int copy) {
  if (copy >= 0) {
    NoteCopy(fd);
    NoteCopy(copy);
    if (IsDnsSocket(fd)) {
      MarkDnsSocket(copy);
    }
    if (loop::IsBusy()) {
      loop::Duplicated(fd, copy);
    }
  }
  return copy;
}

void CloseRiders(unsigned first, unsigned last) {
  // Dials ride on numbers that a table is kept of, up to a million.
  const int end = static_cast<int>(std::min(last, 1u << 20));
  for (int fd = static_cast<int>(std::min(first, 1u << 20)); fd <= end; ++fd) {
    if (loop::RiderOn(fd) != nullptr) {
      loop::Closing(fd);
    }
  }
}

int CloseRange(unsigned first, unsigned last, int flags) {
  if ((flags & kCloseOnExec) != 0 || (flags & kUnshare) != 0 || first > last) {
    return FromC(real::close_range(first, last, flags));
  }
  CloseRiders(first, last);
  for (;;) {
    const int own = loop::OwnFrom(static_cast<int>(std::min<unsigned>(first, INT32_MAX)));
    const unsigned end = static_cast<unsigned>(own) <= last ? static_cast<unsigned>(own) - 1 : last;
    if (own != static_cast<int>(first)) {
      if (const int result = FromC(real::close_range(first, end, flags)); result < 0) {
        return result;
      }
    }
    if (static_cast<unsigned>(own) > last || own == INT32_MAX) {
      return 0;
    }
    first = static_cast<unsigned>(own) + 1;
    if (first > last) {
      return 0;
    }
  }
}

}  // namespace

namespace exported {

int close(int fd) {
  if (loop::IsBusy()) {
    const ErrnoKeeper keeper;
    if (!loop::Closing(fd)) {
      return keeper.Return(-EBADF);
    }
    keeper.Restore();
  }
  return real::close(fd);
}

int close_range(unsigned first, unsigned last, int flags) {
  if (!loop::IsBusy()) {
    return real::close_range(first, last, flags);
  }
  return ErrnoKeeper().Return(CloseRange(first, last, flags));
}

void closefrom(int low) {
  const ErrnoKeeper keeper;
  if (!loop::IsBusy() || CloseRange(static_cast<unsigned>(std::max(low, 0)), ~0u, 0) < 0) {
    real::closefrom(low);
  }
  keeper.Restore();
}

int dup(int fd) { return Copied(fd, real::dup(fd)); }

int dup2(int fd, int copy) {
  if (loop::IsBusy() && fd != copy) {
    const ErrnoKeeper keeper;
    Replace(copy);
    keeper.Restore();
  }
  return Copied(fd, real::dup2(fd, copy));
}

int dup3(int fd, int copy, int flags) {
  if (loop::IsBusy() && fd != copy) {
    const ErrnoKeeper keeper;
    Replace(copy);
    keeper.Restore();
  }
  return Copied(fd, real::dup3(fd, copy, flags));
}

// Variadic for the compiler of who calls it; the third argument is a word, or there is none and
// what is passed on is not looked at.
int fcntl(int fd, int command, long argument) {
  const int result = real::fcntl(fd, command, argument);
  return command == F_DUPFD || command == F_DUPFD_CLOEXEC ? Copied(fd, result) : result;
}

int fcntl64(int fd, int command, long argument) {
  const int result = real::fcntl64(fd, command, argument);
  return command == F_DUPFD || command == F_DUPFD_CLOEXEC ? Copied(fd, result) : result;
}

}  // namespace exported
}  // namespace hooks
