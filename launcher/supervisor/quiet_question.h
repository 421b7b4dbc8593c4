// DNS clients that look where an answer comes from, though their socket is connected: c-ares drops
// what isn't from the nameserver's own address.
#ifndef GOCHAIN_SUPERVISOR_QUIET_QUESTION_H_
#define GOCHAIN_SUPERVISOR_QUIET_QUESTION_H_

#include "supervisor/handlers.h"

namespace supervisor {

// Answers a connect of UDP socket `socket` to `server` with a socket of the quiet network in its
// place, which is connected to just that address there. False where the program does as well with
// the responder on loopback, or can't have such a socket; the call isn't answered then.
bool ConnectInQuietNetwork(Services& services, Call& call, Caller& caller,
                           const ProgramSocket& socket, const base::Endpoint& server);

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_QUIET_QUESTION_H_
