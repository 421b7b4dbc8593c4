#include "supervisor/quiet_question.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "engine/socket_copy.h"
#include "supervisor/read_resolv_conf.h"

namespace supervisor {
namespace {

// glibc's resolver (2.32) wants to hear of ICMP errors on its sockets, and takes every answer that
// a connected one brings; so does Go. Both go on without a socket in the place of theirs.
bool TakesAnySource(Services& services, Caller& caller, const ProgramSocket& socket) {
  int wants_errors = 0;
  socklen_t size = sizeof wants_errors;
  const bool v6 = socket.domain == AF_INET6;
  const int result = sys::Getsockopt(socket.fd(), v6 ? IPPROTO_IPV6 : IPPROTO_IP,
                                     v6 ? IPV6_RECVERR : IP_RECVERR, &wants_errors, &size);
  return (result == 0 && wants_errors != 0) || services.carrier.IsGo(caller);
}

struct LocalEnd {
  explicit LocalEnd(int fd) { result = sys::Getsockname(fd, plain(), &size); }
  sockaddr* plain() { return reinterpret_cast<sockaddr*>(&storage); }
  uint16_t port() {
    const auto endpoint = base::Endpoint::FromSockaddr(plain(), size);
    return result < 0 || !endpoint ? 0 : endpoint->port();
  }

  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  int result;
};

// Every address is a local one in the quiet network, so what `from` is bound to can be had there.
bool BindAlike(int from, int to) {
  LocalEnd local(from);
  return local.port() == 0 || bind(to, local.plain(), local.size) == 0;
}

}  // namespace

bool ConnectInQuietNetwork(Services& services, Call& call, Caller& caller,
                           const ProgramSocket& socket, const base::Endpoint& server) {
  const int number = call.int_argument(0);
  if (socket.type != SOCK_DGRAM || TakesAnySource(services, caller, socket) ||
      services.carrier.IsWatched(caller, number)) {
    return false;
  }
  const int flags = caller.DescriptorFlags(number);
  if (flags < 0 || !call.IsAlive()) {
    return false;
  }
  auto made = services.quiet.MakeSocket(socket.domain, flags & O_NONBLOCK);
  if (!made.ok()) {
    return false;
  }
  const int fd = made->get();
  engine::CopySocketOptions(socket.fd(), fd);
  sockaddr_storage address;
  const socklen_t size = base::ToSockaddr(server.address(), server.port(), socket.domain, &address);
  if (size == 0 || !BindAlike(socket.fd(), fd) ||
      sys::PassingConnect(fd, reinterpret_cast<const sockaddr*>(&address), size, 0) != 0) {
    return false;
  }
  services.dns.clients().Put(
      server.address().is_v4() ? DnsClients::Kind::kQuietV4 : DnsClients::Kind::kQuietV6,
      LocalEnd(fd).port(), {server, ReadResolvConf(caller)});
  const uint64_t before = socket.inode;
  if (call.Give(fd, number, (flags & O_CLOEXEC) != 0, false) < 0) {
    return false;
  }
  struct stat status;
  if (services.store != nullptr && sys::Fstat(fd, &status) == 0) {
    services.store->Drop(before);
    if (services.store->Keep(status.st_ino, std::move(made.value()))) {
      services.store->HandedOver(status.st_ino);
    }
  }
  call.Return(0);
  return true;
}

}  // namespace supervisor
