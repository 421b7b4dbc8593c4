// Destination: where a call on a socket would reach out to, as far as gochain has a say in it.
// Async-signal-safe.
#ifndef GOCHAIN_HOOKS_DESTINATION_H_
#define GOCHAIN_HOOKS_DESTINATION_H_

#include <sys/socket.h>

#include <cstdint>

#include "base/endpoint.h"

namespace hooks {

struct Destination {
  enum class Kind : uint8_t {
    kNotOurs,   // no IP socket, no usable address: the real call says what is wrong with it
    kStream,    // TCP
    kDatagram,  // all other IP sockets: UDP, ping, raw, SCTP
  };

  Kind kind = Kind::kNotOurs;
  base::Endpoint endpoint;  // where not kNotOurs
  int domain = 0;           // the socket's
  int protocol = 0;         // SO_PROTOCOL
};

// Of connect(2).
Destination DestinationOfConnect(int fd, const sockaddr* address, socklen_t length);
// Of sendto(2) and sendmsg(2), where an IPv4 datagram socket takes AF_UNSPEC for AF_INET, and a raw
// IPv6 one for AF_INET6.
Destination DestinationOfSend(int fd, const sockaddr* address, socklen_t length);

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_DESTINATION_H_
