#include "hooks/destination.h"

#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/syscalls.h"
#include "hooks/user_memory.h"

namespace hooks {
namespace {

int SocketOption(int fd, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  return sys::Getsockopt(fd, SOL_SOCKET, name, &value, &length) == 0 ? value : -1;
}

Destination Classify(int fd, const sockaddr* address, socklen_t length, bool unspec_is_inet) {
  Destination out;
  // The kernel refuses what is longer than its own largest address, a negative length too.
  if (length < sizeof(sockaddr_in) || length > sizeof(sockaddr_storage) ||
      !IsReadable(address, sizeof(sockaddr_in))) {
    return out;
  }
  const sa_family_t family = address->sa_family;
  if (family != AF_INET && family != AF_INET6 && !(family == AF_UNSPEC && unspec_is_inet)) {
    return out;
  }
  const int domain = SocketOption(fd, SO_DOMAIN);
  if (domain != AF_INET && domain != AF_INET6) {
    return out;
  }
  const int type = SocketOption(fd, SO_TYPE);
  if (family == AF_UNSPEC && domain == AF_INET6 && type != SOCK_RAW) {
    return out;
  }
  sockaddr_in6 copy{};
  // IPv6 as far as the caller has it: the kernel takes an address without scope id too.
  const size_t size = family == AF_INET6 || (family == AF_UNSPEC && domain == AF_INET6)
                          ? std::min<size_t>(length, sizeof(sockaddr_in6))
                          : sizeof(sockaddr_in);
  if (size > sizeof(sockaddr_in) && !IsReadable(address, size)) {
    return out;
  }
  std::memcpy(&copy, address, size);
  if (family == AF_UNSPEC) {
    copy.sin6_family = static_cast<sa_family_t>(domain);
  }
  const auto endpoint = base::Endpoint::FromSockaddr(reinterpret_cast<const sockaddr*>(&copy),
                                                     static_cast<socklen_t>(size));
  if (!endpoint) {
    return out;
  }
  out.endpoint = *endpoint;
  out.domain = domain;
  out.protocol = SocketOption(fd, SO_PROTOCOL);
  const bool stream =
      type == SOCK_STREAM && (out.protocol == IPPROTO_TCP || out.protocol == IPPROTO_MPTCP);
  out.kind = stream ? Destination::Kind::kStream : Destination::Kind::kDatagram;
  return out;
}

}  // namespace

Destination DestinationOfConnect(int fd, const sockaddr* address, socklen_t length) {
  return Classify(fd, address, length, false);
}

Destination DestinationOfSend(int fd, const sockaddr* address, socklen_t length) {
  return Classify(fd, address, length, true);
}

}  // namespace hooks
