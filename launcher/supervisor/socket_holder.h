// Does any process still have the other end of a connection inside this machine open, and whose is
// it? Asks the kernel (sock_diag(7)), which tells every user. Any thread.
#ifndef GOCHAIN_SUPERVISOR_SOCKET_HOLDER_H_
#define GOCHAIN_SUPERVISOR_SOCKET_HOLDER_H_

#include <cstdint>

namespace supervisor {

// kElsewhere: it is of another machine, or of another network namespace, and nothing is known of
// it.
enum class Holder : uint8_t { kSomebody, kNobody, kElsewhere, kUnknown };

// Who holds the socket that `end`, an end of a TCP connection, is connected to. It may have been
// shut down for writing: a FIN alone doesn't tell.
Holder HolderOfPeer(int end);

// True where that socket is another user's, root's aside, or nobody's any more, or elsewhere. False
// also where the kernel doesn't say.
bool IsOfAnotherUser(int end);

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_SOCKET_HOLDER_H_
