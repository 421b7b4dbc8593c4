// What a handshake wants next.
#ifndef GOCHAIN_PROTOCOL_STEP_H_
#define GOCHAIN_PROTOCOL_STEP_H_

#include <cstddef>
#include <cstdint>

namespace protocol {

// kReconnect: over with this connection, but not in vain; a new handshake over a new connection may
// go on with what this one has learned.
enum class Step : uint8_t { kSend, kReceive, kReconnect, kDone, kFailed };

// How a SOCKS5 proxy wants to be authenticated with.
enum class Socks5Method : uint8_t { kUnknown, kNone, kPassword };

// All that a hop is sent, before it has answered anything.
struct Ahead {
  Socks5Method method = Socks5Method::kUnknown;  // what the proxy will choose; of SOCKS5
  bool followed = false;  // bytes for what is behind the hop have been sent too
};

struct Appetite {
  size_t max = 0;     // bytes it can use now
  bool peek = false;  // the reply's end isn't known yet: look first, then take what Feed() took
};

}  // namespace protocol

#endif  // GOCHAIN_PROTOCOL_STEP_H_
