// Connection: one program's connection to the relay, from its request to the end of its tunnel.
#ifndef GOCHAIN_RELAY_CONNECTION_H_
#define GOCHAIN_RELAY_CONNECTION_H_

#include "base/fd.h"
#include "protocol/relay_message.h"
#include "relay/dialer.h"

namespace relay {

// Serves it, on a thread of its own that this blocks. Who doesn't know the token is told nothing.
void Serve(base::Fd program, const protocol::RelayAccess& access, Dialer& dialer);

}  // namespace relay

#endif  // GOCHAIN_RELAY_CONNECTION_H_
