// MakeFreshness: random bytes, the time and the machine's name, from the kernel.
#ifndef GOCHAIN_CHAIN_FRESHNESS_H_
#define GOCHAIN_CHAIN_FRESHNESS_H_

#include "protocol/http_auth.h"

namespace chain {

// Async-signal-safe; never waits.
protocol::Freshness MakeFreshness();

}  // namespace chain

#endif  // GOCHAIN_CHAIN_FRESHNESS_H_
