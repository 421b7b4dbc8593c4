// Where `--listen` is told to listen: "[HOST:]PORT". Pure.
#ifndef GOCHAIN_LISTENER_LISTEN_ADDRESS_H_
#define GOCHAIN_LISTENER_LISTEN_ADDRESS_H_

#include <optional>
#include <string_view>

#include "base/endpoint.h"
#include "config/config.h"

namespace listener {

// HOST is an address, which IPv6 has in brackets, or localhost; without it 127.0.0.1. Port 0 is the
// kernel's choice.
std::optional<base::Endpoint> ListenAddress(std::string_view text);

// Is one of the rules' proxies at `own`, where this process listens? Then a connection through it
// would come back here for ever. Null: none.
const config::Proxy* ProxyAt(const config::Config& config, const base::Endpoint& own);

}  // namespace listener

#endif  // GOCHAIN_LISTENER_LISTEN_ADDRESS_H_
