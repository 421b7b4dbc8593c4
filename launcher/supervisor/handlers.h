// Handlers: one function for each trapped system call. Each answers its call, or leaves it to the
// dial that it attached it to. Called by any thread of the crew; only a dial takes long, and hands
// the lead over when it does.
#ifndef GOCHAIN_SUPERVISOR_HANDLERS_H_
#define GOCHAIN_SUPERVISOR_HANDLERS_H_

#include <cstdint>
#include <span>

#include "supervisor/call.h"
#include "supervisor/caller.h"
#include "supervisor/crew.h"
#include "supervisor/services.h"

namespace supervisor {

void HandleConnect(Services& services, Call& call, Caller& caller, Crew::Member& member);
void HandleSendto(Services& services, Call& call, Caller& caller, Crew::Member& member);
void HandleSendmsg(Services& services, Call& call, Caller& caller, Crew::Member& member);
void HandleSendmmsg(Services& services, Call& call, Caller& caller, Crew::Member& member);
void HandleGetpeername(Services& services, Call& call, Caller& caller);

// With trap_sockets.
void HandleSocket(Services& services, Call& call, Caller& caller);
void HandleBind(Services& services, Call& call, Caller& caller);
void HandleListen(Services& services, Call& call, Caller& caller);

// Sends after the connect, for MSG_FASTOPEN.
struct FirstData {
  std::span<const uint8_t> bytes;
  int flags = 0;
};

// Connects stream socket `socket`, which is descriptor `fd` of the program, to `asked`. `data` may
// be null; else the call is answered with the number of bytes that went out.
void ConnectStream(Services& services, Call& call, Caller& caller, Crew::Member& member, int fd,
                   const ProgramSocket& socket, const base::Endpoint& asked, const FirstData* data);

// A socket address out of a program's memory, read once.
struct Destination {
  sockaddr_storage storage{};
  socklen_t size = 0;
};
// False: the call has been answered.
bool ReadDestination(Services& services, Call& call, Caller& caller, uint64_t address,
                     uint64_t length, Destination* out);

// Answers -errno; for -ESRCH, a thread that can't be found, what a refusal is.
void AnswerFailure(Call& call, int error);

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_HANDLERS_H_
