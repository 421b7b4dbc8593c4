// What connect does, for the hooks of connect and of the calls that connect on the way.
// Async-signal-safe once the process has found its session, but for names that must be looked up
// here.
#ifndef GOCHAIN_HOOKS_CONNECT_H_
#define GOCHAIN_HOOKS_CONNECT_H_

#include <sys/socket.h>

#include <cstdint>

#include "engine/datagrams.h"
#include "hooks/destination.h"
#include "hooks/process.h"

namespace hooks {

// Whether the dial of a non-blocking socket may ride on the program's event loop. kNever: of one
// who would wait for the socket past the hooks; the call waits then.
enum class Riding : uint8_t { kWhereItCan, kNever };

// Everything of connect(2) but errno: 0 or -errno.
int Connect(int fd, const sockaddr* address, socklen_t length, Riding riding);
// The same for a socket of which no dial is under way.
int ConnectSocket(int fd, const sockaddr* address, socklen_t length,
                  Riding riding = Riding::kWhereItCan);

// True where the library leaves the call to the real function: because it reaches out to nothing
// that has rules, or because somebody else is there for it.
bool IsLeftToLibc(const Process& process, const Destination& destination);

// What becomes of a datagram there. REQUIRES: !IsLeftToLibc()
engine::DatagramJudgement JudgeDatagram(Process& process, const Destination& destination);

// Tells a person that it is blocked; `level`: where it is known to be one.
void SayBlocked(Process& process, engine::LogLevel level, const Destination& destination,
                const engine::DatagramJudgement& judgement);

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_CONNECT_H_
