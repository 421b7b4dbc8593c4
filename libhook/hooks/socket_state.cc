// socket, which is remembered as this process's own; getsockopt(SO_ERROR), by which a program
// learns how its connect ended, and shutdown, by which it may end one that is under way. While no
// dial rides they are the real call and one load. Async-signal-safe.
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/syscalls.h"
#include "hooks/errno_keeper.h"
#include "hooks/next.h"
#include "hooks/user_memory.h"
#include "loop/descriptors.h"
#include "loop/guard.h"
#include "loop/riders.h"

namespace hooks {
namespace {

int TellError(int fd, void* value, socklen_t* length) {
  if (!IsReadable(length, sizeof *length)) {
    return -EFAULT;
  }
  const socklen_t room = std::min<socklen_t>(*length, sizeof(int));
  if (room > 0 && !IsReadable(value, room)) {
    return -EFAULT;
  }
  int error = 0;
  if (loop::Hear(fd, &error) != loop::Standing::kFailed) {
    return FromC(real::getsockopt(fd, SOL_SOCKET, SO_ERROR, value, length));
  }
  std::memcpy(value, &error, room);
  *length = room;
  return 0;
}

}  // namespace

namespace exported {

int socket(int domain, int type, int protocol) {
  const int fd = real::socket(domain, type, protocol);
  if (fd >= 0 && (domain == AF_INET || domain == AF_INET6) &&
      (type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) == SOCK_STREAM) {
    const ErrnoKeeper keeper;
    if (loop::Descriptor* const descriptor = loop::MakeDescriptor(fd)) {
      descriptor->NoteMaker(sys::Getpid());
    }
    keeper.Restore();
  }
  return fd;
}

int getsockopt(int fd, int level, int name, void* value, socklen_t* length) {
  if (!loop::IsBusy() || level != SOL_SOCKET || name != SO_ERROR || loop::RiderOn(fd) == nullptr) {
    return real::getsockopt(fd, level, name, value, length);
  }
  const ErrnoKeeper keeper;
  return keeper.Return(TellError(fd, value, length));
}

int shutdown(int fd, int how) {
  const ErrnoKeeper keeper;
  if (!loop::IsBusy() || loop::Look(fd) != loop::Standing::kDialling) {
    keeper.Restore();
    return real::shutdown(fd, how);
  }
  // inet_shutdown() of Linux: in SYN-SENT the connect is undone.
  loop::GiveUp(fd);
  return keeper.Return(0);
}

}  // namespace exported
}  // namespace hooks
