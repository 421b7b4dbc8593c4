// Outgoing: a message that a program hands to sendto, sendmsg or sendmmsg, as far as it was copied
// out of the program's memory.
//
// Another thread may write there at any time. So nothing is read twice, and a message with an
// address is sent by the supervisor, on its duplicate of the socket: what was judged is what goes
// out. Of a thread of the crew.
#ifndef GOCHAIN_SUPERVISOR_OUTGOING_H_
#define GOCHAIN_SUPERVISOR_OUTGOING_H_

#include <sys/socket.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/endpoint.h"
#include "supervisor/call.h"
#include "supervisor/caller.h"
#include "supervisor/crew.h"
#include "supervisor/handlers.h"
#include "supervisor/services.h"

namespace supervisor {

struct Outgoing {
  int fd = -1;  // the program's descriptor
  int flags = 0;
  Destination destination;    // size 0: none
  std::vector<iovec> pieces;  // of the data, in the program's memory
  uint64_t control = 0;       // there too
  size_t control_size = 0;

  bool has_address() const { return destination.size > 0; }
  sockaddr* address() { return reinterpret_cast<sockaddr*>(&destination.storage); }
};

// How a send ends.
struct Outcome {
  enum class Kind : uint8_t {
    kResult,
    kContinue,  // the kernel shall go on with the program's own call
    kAnswered,  // the call has been, or is dead
  };
  Kind kind = Kind::kResult;
  int64_t result = 0;  // kResult: >= 0, or -errno

  static Outcome Of(int64_t result) { return {Kind::kResult, result}; }
  static Outcome Continue() { return {Kind::kContinue, 0}; }
  static Outcome Answered() { return {Kind::kAnswered, 0}; }
};

// Does it name an address? The kernel takes none of no length.
inline bool NamesAddress(const msghdr& header) {
  return header.msg_name != nullptr && header.msg_namelen != 0;
}

// Reads the address and where the data lies. 0, or -errno: the kernel's own, or that of reading.
int ReadMessage(const Caller& caller, const msghdr& header, Outgoing* out);

// The data, at most kMaxData of it: 0, or -errno. A datagram has no more, and a stream takes the
// rest later.
inline constexpr size_t kMaxData = 65536;
int ReadData(const Caller& caller, const Outgoing& message, std::vector<uint8_t>* out);

// Where a socket sends it that isn't TCP; none where the kernel finds no address in it.
std::optional<base::Endpoint> AddressOf(Outgoing& message, const ProgramSocket& socket);

// Sends it as the program would, blocking where that would. REQUIRES: socket.fd() >= 0
Outcome SendCopy(Services& services, Call& call, Caller& caller, Crew::Member& member,
                 const Outgoing& message, const ProgramSocket& socket);

// A DNS question to `server`, which the responder answers.
Outcome SendQuestion(Services& services, Call& call, Caller& caller, Crew::Member& member,
                     const Outgoing& message, const ProgramSocket& socket,
                     const base::Endpoint& server);

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_OUTGOING_H_
