// DialSurroundings: how a thread of the supervisor waits, looks names up and replaces a socket
// while it dials for a program. Of one dial and one thread.
#ifndef GOCHAIN_SUPERVISOR_DIAL_SURROUNDINGS_H_
#define GOCHAIN_SUPERVISOR_DIAL_SURROUNDINGS_H_

#include <cstdint>

#include "base/fd.h"
#include "engine/connector.h"
#include "supervisor/caller.h"
#include "supervisor/crew.h"
#include "supervisor/dial_registry.h"
#include "supervisor/services.h"

namespace supervisor {

class DialSurroundings final : public engine::Surroundings {
 public:
  // `program_fd` is the number of `socket` in the program.
  DialSurroundings(Services& services, Crew::Member& member, DialRegistry::Ticket ticket,
                   Caller& caller, int program_fd, const ProgramSocket& socket);

  int Connect(int fd, const sockaddr* address, socklen_t length, int64_t deadline_ms) override;
  Waited Wait(int fd, short events, int64_t deadline_ms) override;
  int Resolve(std::string_view name, std::span<base::IpAddress> out, int64_t deadline_ms,
              engine::Doubt* doubt) override;
  int Replace(int fd, int domain) override;
  int TakeReady(int fd, int domain, uint16_t proxy, ReadyHop* out) override;

  // The socket that took the first one's place; invalid: none did.
  base::Fd& replacement() { return replacement_; }

 private:
  // Gives the program `socket` in the place of `fd`, with the options of that. As Replace().
  int PutInPlace(int fd, base::Fd socket);
  int ConnectBlocking(int fd, const sockaddr* address, socklen_t length, int64_t deadline_ms);
  // 0, or why the dial must end now, as Connect() says it.
  int Verdict(int64_t deadline_ms);

  // Can `socket` have a ready connection in its place?
  bool TakesReady(int socket);

  Services& services_;
  Crew::Member& member_;
  DialRegistry::Ticket ticket_;
  Caller& caller_;
  const int program_fd_;
  const int protocol_;
  const uint64_t cookie_;
  bool blocking_;
  int64_t program_deadline_ms_;  // by SO_SNDTIMEO
  base::Fd replacement_;
};

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_DIAL_SURROUNDINGS_H_
