// What the relay does for hops that are more than a handshake over a socket. Each runs on the
// thread of one connection, which may block as `patience` says.
//
// Where one fails it says at which hop and why: that may be a hop before it. Cause::kNone: the
// program has given up.
#ifndef GOCHAIN_RELAY_HOP_SERVICES_H_
#define GOCHAIN_RELAY_HOP_SERVICES_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/endpoint.h"
#include "base/failure.h"
#include "chain/path.h"
#include "config/config.h"
#include "relay/patience.h"
#include "relay/stream.h"

namespace relay {

// `failure` belongs to hop number `hop` of the path.
struct HopFailure {
  uint8_t hop = 0;
  base::Failure failure;
};

class Dialer;

// One hop at work.
struct HopAtWork {
  Dialer& dialer;  // for a stream through the hops before it
  const config::Config& config;
  const chain::Path& path;
  uint8_t hop;  // its index in `path`
  const Patience& patience;
  int64_t deadline_ms;  // its own
  int64_t limit_ms;     // of the whole dial

  const config::Proxy& proxy() const { return path.At(config, hop); }
};

// TLS to a kHttps hop, on top of `below`, with its handshake done. nullptr: failed.
std::unique_ptr<Stream> MakeTls(const HopAtWork& hop, std::unique_ptr<Stream> below,
                                HopFailure* failed);

// A stream to `next` from a kSsh hop, which is reached through the hops before it; `open_us` is how
// long that took once ssh was up. nullptr: failed.
std::unique_ptr<Stream> MakeSsh(const HopAtWork& hop, const base::Endpoint& next, uint32_t* open_us,
                                HopFailure* failed);

// Ends what MakeSsh() has started, for the relay's end.
void StopSsh();

// A token for a hop with `auth = negotiate`, in base64. False: failed.
bool MakeNegotiateToken(const HopAtWork& hop, std::string* base64, HopFailure* failed);

}  // namespace relay

#endif  // GOCHAIN_RELAY_HOP_SERVICES_H_
