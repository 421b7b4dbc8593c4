// "HOST:PORT" as URLs and command lines have it. Pure.
#ifndef GOCHAIN_LISTENER_HOST_AND_PORT_H_
#define GOCHAIN_LISTENER_HOST_AND_PORT_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/endpoint.h"

namespace listener {

// A name or an address, which IPv6 has in brackets. `otherwise` is the port where none is given, or
// nothing follows the colon; 0: there must be one, from 1 on.
std::optional<base::Endpoint> HostAndPort(std::string_view text, uint16_t otherwise);

// An address in whatever text a client gives it, or a name.
std::optional<base::Endpoint> EndpointOf(std::string_view host, uint16_t port);

}  // namespace listener

#endif  // GOCHAIN_LISTENER_HOST_AND_PORT_H_
