// What a handshake wants next.
#ifndef GOCHAIN_PROTOCOL_STEP_H_
#define GOCHAIN_PROTOCOL_STEP_H_

#include <cstddef>
#include <cstdint>

namespace protocol {

// kReconnect: over with this connection, but not in vain; a new handshake over a new connection may
// go on with what this one has learned.
enum class Step : uint8_t { kSend, kReceive, kReconnect, kDone, kFailed };

struct Appetite {
  size_t max = 0;     // bytes it can use now
  bool peek = false;  // the reply's end isn't known yet: look first, then take what Feed() took
};

}  // namespace protocol

#endif  // GOCHAIN_PROTOCOL_STEP_H_
