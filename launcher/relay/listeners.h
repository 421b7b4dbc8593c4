// Listeners: the two sockets that programs reach the relay by, on loopback alone.
#ifndef GOCHAIN_RELAY_LISTENERS_H_
#define GOCHAIN_RELAY_LISTENERS_H_

#include "base/fd.h"
#include "base/result.h"
#include "protocol/relay_message.h"

namespace relay {

struct Listeners {
  base::Fd v4;
  base::Fd v6;  // on the same port; invalid where there is no IPv6
};

// On a port of the kernel's choice, which `access` then names, with tokens made for it.
base::Result<Listeners> Listen(protocol::RelayAccess* access);

}  // namespace relay

#endif  // GOCHAIN_RELAY_LISTENERS_H_
