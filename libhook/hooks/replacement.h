// Puts another socket in a descriptor's place, where the program's own can't reach the proxy: an
// IPv4 socket and a proxy that has IPv6 alone. Async-signal-safe.
#ifndef GOCHAIN_HOOKS_REPLACEMENT_H_
#define GOCHAIN_HOOKS_REPLACEMENT_H_

#include <cstdint>

#include "engine/surroundings.h"
#include "hooks/process.h"

namespace hooks {

// A new stream socket of `domain` takes the number `fd`, with options, status flags, FD_CLOEXEC and
// the epoll registrations of this process. Other descriptors of the old open file keep the old
// socket. Returns `fd` or -errno.
int ReplaceSocket(int fd, int domain, uint64_t cookie);

// Has the supervisor put a ready connection to proxy number `proxy` in the place of `fd`, in the
// same way but for the epoll registrations: there must be none. Returns `fd`, or -ENOENT.
int TakeReadySocket(Process& process, int fd, uint16_t proxy, engine::Means::ReadyHop* out);

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_REPLACEMENT_H_
