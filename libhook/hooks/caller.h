// Caller: the thread that called connect, as the engine's Surroundings: it dials on the program's
// own descriptor and waits in the kernel. Lives for one dial.
//
// A blocking socket is connected by a blocking connect(2) with SO_SNDTIMEO, put back after, since
// O_NONBLOCK is shared with whoever holds the open file; everything else waits in ppoll(2). Both
// are cancellation points.
#ifndef GOCHAIN_HOOKS_CALLER_H_
#define GOCHAIN_HOOKS_CALLER_H_

#include <sys/time.h>

#include <cstdint>

#include "engine/connector.h"
#include "hooks/cancellation.h"

namespace hooks {

class Caller final : public engine::Surroundings {
 public:
  // REQUIRES: `dial` lives as long; it is the one that RunDial runs.
  explicit Caller(DialInProgress& dial);

  int Connect(int fd, const sockaddr* address, socklen_t length, int64_t deadline_ms) override;
  Waited Wait(int fd, short events, int64_t deadline_ms) override;
  // By libc, which takes the time that resolv.conf gives it.
  int Resolve(std::string_view name, std::span<base::IpAddress> out, int64_t deadline_ms,
              engine::Doubt* doubt) override;
  int Replace(int fd, int domain) override;
  int TakeReady(int fd, int domain, uint16_t proxy, ReadyHop* out) override;
  bool StartRelay(uint64_t version, engine::FoundRelay* relay, base::Failure* why) override;

 private:
  void BoundNextConnect(int64_t until_ms);
  bool GivesUpAtSignal() const;

  DialInProgress& dial_;
  // When the program's own SO_SNDTIMEO ends the whole dial.
  int64_t program_deadline_ms_ = INT64_MAX;
};

// As engine::Means::Resolve(), by libc's resolver, which may take longer.
int LookUpHere(std::string_view name, std::span<base::IpAddress> out, int64_t deadline_ms);

// True while this thread is in libc's resolver on the library's behalf: what an NSS module connects
// to then is no business of the rules.
bool IsResolving();

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_CALLER_H_
