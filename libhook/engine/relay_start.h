// What a library without a launcher and the relay that it starts say to each other: the library
// by the relay's standard input, a memfd, the relay by its standard output, a pipe. Plain values.
#ifndef GOCHAIN_ENGINE_RELAY_START_H_
#define GOCHAIN_ENGINE_RELAY_START_H_

#include <cstdint>

#include "engine/settings.h"
#include "protocol/relay_message.h"

namespace engine {

// Another build's is refused: the number changes with either layout, or the config image's.
inline constexpr uint64_t kRelayStartMagic = 0x676f52656c617902;

// The config image follows.
struct RelayStart {
  uint64_t magic = kRelayStartMagic;
  uint64_t image_size = 0;
  Settings settings;
};

struct RelayStarted {
  uint64_t magic = kRelayStartMagic;
  int32_t error = 0;  // errno: there is no relay
  protocol::RelayAccess access;
};

}  // namespace engine

#endif  // GOCHAIN_ENGINE_RELAY_START_H_
