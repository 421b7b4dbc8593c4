#include "relay/listeners.h"

#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/endpoint.h"

namespace relay {
namespace {

using base::Fd;

// As many as the kernel lets wait: a build's burst of connects must not meet a full queue.
constexpr int kBacklog = 4096;
// Another program may have the port in the other family.
constexpr int kTries = 16;

base::Error Errno(const char* what) { return {errno, what}; }

// Bound to loopback of `family`; 0: a port of the kernel's choice.
base::Result<Fd> Bind(int family, uint16_t port) {
  Fd listener(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!listener.valid()) {
    return Errno("socket");
  }
  const int on = 1;
  if (family == AF_INET6) {
    setsockopt(listener.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  sockaddr_storage storage;
  const auto address = base::IpAddress::Parse(family == AF_INET ? "127.0.0.1" : "::1");
  const socklen_t length = base::ToSockaddr(*address, port, family, &storage);
  if (bind(listener.get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0) {
    return Errno("bind");
  }
  return listener;
}

uint16_t PortOf(int fd) {
  sockaddr_storage storage;
  socklen_t length = sizeof storage;
  auto* const address = reinterpret_cast<sockaddr*>(&storage);
  if (getsockname(fd, address, &length) != 0) {
    return 0;
  }
  const auto endpoint = base::Endpoint::FromSockaddr(address, length);
  return endpoint ? endpoint->port() : uint16_t{0};
}

bool FillRandom(protocol::RelayToken* token) {
  return getrandom(token->data(), token->size(), 0) == static_cast<ssize_t>(token->size());
}

}  // namespace

base::Result<Listeners> Listen(protocol::RelayAccess* access) {
  Listeners out;
  for (int i = 0; i < kTries && !out.v6.valid(); ++i) {
    auto v4 = Bind(AF_INET, 0);
    if (!v4.ok()) {
      return v4.error();
    }
    out.v4 = std::move(v4.value());
    access->port = PortOf(out.v4.get());
    auto v6 = Bind(AF_INET6, access->port);
    if (v6.ok()) {
      out.v6 = std::move(v6.value());
    } else if (v6.error().code != EADDRINUSE) {
      break;
    }
  }
  if (listen(out.v4.get(), kBacklog) != 0) {
    return Errno("listen");
  }
  if (out.v6.valid() && listen(out.v6.get(), kBacklog) != 0) {
    out.v6.Reset();
  }
  access->has_v6 = out.v6.valid();
  if (!FillRandom(&access->request) || !FillRandom(&access->reply)) {
    return Errno("getrandom");
  }
  return out;
}

}  // namespace relay
