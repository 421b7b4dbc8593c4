#include "hooks/replacement.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>

#include "base/fd.h"
#include "base/syscalls.h"
#include "engine/ready_request.h"
#include "engine/socket_copy.h"
#include "loop/descriptors.h"
#include "loop/epoll_registrations.h"

namespace hooks {

int ReplaceSocket(int fd, int domain, uint64_t cookie) {
  const int descriptor_flags = sys::Fcntl(fd, F_GETFD);
  if (descriptor_flags < 0) {
    return descriptor_flags;
  }
  const base::Fd fresh(sys::PassingSocket(domain, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP, cookie));
  if (!fresh.valid()) {
    return fresh.get();
  }
  engine::CopySocketOptions(fd, fresh.get());
  loop::EpollRegistrations registrations;
  registrations.Collect(fd);
  // While the old file still has the number: an entry of epoll is found by both.
  registrations.Remove(fd);
  const long result =
      sys::Call(SYS_dup3, fresh.get(), fd, (descriptor_flags & FD_CLOEXEC) != 0 ? O_CLOEXEC : 0);
  registrations.Add(fd);
  return static_cast<int>(result);
}

int TakeReadySocket(Process& process, int fd, uint16_t proxy, engine::Means::ReadyHop* out) {
  // Another descriptor of the old file would keep that.
  if (!process.supervised() || process.sockets_trapped() || !loop::IsOwnAlone(fd)) {
    return -ENOENT;
  }
  engine::ReadyRequest request;
  request.proxy = proxy;
  request.cookie = process.cookie();
  // Without the cookie in its registers: the supervisor has to see it.
  const long result = sys::Call(SYS_connect, fd, reinterpret_cast<long>(&request), sizeof request);
  if (result < 1) {
    return -ENOENT;
  }
  out->greeted = static_cast<protocol::Socks5Method>(result - 1);
  return fd;
}

}  // namespace hooks
