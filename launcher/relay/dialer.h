// Dialer: the relay's way through a path: connects to the first hop, does the handshakes, and puts
// on top of the stream what a hop needs.
//
// One for the relay; any thread, each dial blocks its own.
#ifndef GOCHAIN_RELAY_DIALER_H_
#define GOCHAIN_RELAY_DIALER_H_

#include <cstdint>
#include <memory>

#include "base/endpoint.h"
#include "chain/dial.h"
#include "chain/path.h"
#include "engine/session.h"
#include "relay/hop_services.h"
#include "relay/patience.h"
#include "relay/stream.h"

namespace relay {

// Of a dial: a stream, or why there is none (Cause::kNone: the program has given up).
struct Dialed {
  std::unique_ptr<Stream> stream;
  base::Failure failure;
  // How long the connect to the first hop took, or the opening of a channel of its ssh. 0: unknown.
  uint32_t connect_us = 0;
};

class Dialer {
 public:
  // REQUIRES: the session lives as long as there are dials.
  explicit Dialer(engine::Session& session) : session_(session) {}

  const config::Config& config() const { return session_.config(); }

  // A stream to `target` through `path`, which is not empty. Each hop has connect_timeout, and all
  // of them until `limit_ms` of the clock.
  Dialed Dial(const chain::Path& path, const base::Endpoint& target, const Patience& patience,
              int64_t limit_ms);

 private:
  class Attempt;

  engine::Session& session_;
};

}  // namespace relay

#endif  // GOCHAIN_RELAY_DIALER_H_
