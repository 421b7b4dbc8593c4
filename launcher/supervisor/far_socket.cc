#include "supervisor/far_socket.h"

#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstring>

#include "base/endpoint.h"
#include "base/syscalls.h"

namespace supervisor {
namespace {

struct Option {
  int level;
  int name;
};

constexpr Option kOptions[] = {
    {SOL_SOCKET, SO_KEEPALIVE},
    {SOL_SOCKET, SO_PRIORITY},
    {SOL_SOCKET, SO_MARK},
    {IPPROTO_TCP, TCP_KEEPIDLE},
    {IPPROTO_TCP, TCP_KEEPINTVL},
    {IPPROTO_TCP, TCP_KEEPCNT},
    {IPPROTO_TCP, TCP_SYNCNT},
    {IPPROTO_TCP, TCP_MAXSEG},
    {IPPROTO_TCP, TCP_USER_TIMEOUT},
    {IPPROTO_IP, IP_TOS},
    {IPPROTO_IP, IP_TTL},
    {IPPROTO_IPV6, IPV6_TCLASS},
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS},
};

bool ReadInt(int fd, Option option, int* out) {
  socklen_t size = sizeof *out;
  return sys::Getsockopt(fd, option.level, option.name, out, &size) == 0 && size == sizeof *out;
}

}  // namespace

base::Result<base::Fd> MakeFarSocket(int domain, int program) {
  const int made =
      sys::PassingSocket(domain, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP, 0);
  if (made < 0) {
    return base::Error{-made, "socket"};
  }
  for (const Option option : kOptions) {
    int wanted = 0;
    int present = 0;
    // Only what differs is set: some lose their automatic behaviour by being set at all.
    if (ReadInt(program, option, &wanted) && ReadInt(made, option, &present) && wanted != present) {
      sys::Setsockopt(made, option.level, option.name, &wanted, sizeof wanted);
    }
  }
  return base::Fd(made);
}

bool IsBound(int socket) {
  char device[IFNAMSIZ];
  socklen_t device_size = sizeof device;
  if (sys::Getsockopt(socket, SOL_SOCKET, SO_BINDTODEVICE, device, &device_size) == 0 &&
      device_size > 0) {
    return true;
  }
  sockaddr_storage storage;
  socklen_t size = sizeof storage;
  auto* const plain = reinterpret_cast<sockaddr*>(&storage);
  const auto own = sys::Getsockname(socket, plain, &size) < 0
                       ? std::nullopt
                       : base::Endpoint::FromSockaddr(plain, size);
  // A port alone stays from a connect that failed, and no proxy would show it to the target.
  return !own || !own->address().IsAny();
}

}  // namespace supervisor
