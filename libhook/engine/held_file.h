// Opens what another process of the run holds open beside the session's region, by /proc: no
// writable file system is needed, and nobody has to inherit a descriptor. Async-signal-safe.
#ifndef GOCHAIN_ENGINE_HELD_FILE_H_
#define GOCHAIN_ENGINE_HELD_FILE_H_

#include <cstdint>
#include <string_view>

namespace engine {

// Descriptor `number` of the process that holds the region; `state` is the region's path,
// /proc/PID/fd/N. A descriptor, or -errno.
int OpenHeld(std::string_view state, uint64_t number, int flags);

}  // namespace engine

#endif  // GOCHAIN_ENGINE_HELD_FILE_H_
