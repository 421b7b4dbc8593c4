// LoopbackDoor: where programs' sockets are connected to this process, in the place of the target.
//
// A listener on loopback, on a port of the kernel's choice, and a way through it for sockets that
// this process has a hold on: it connects them itself, and knows its own end of each by the
// addresses of the connection. Whoever else finds the port is turned away. Thread-safe.
#ifndef GOCHAIN_SUPERVISOR_LOOPBACK_DOOR_H_
#define GOCHAIN_SUPERVISOR_LOOPBACK_DOOR_H_

#include <cstdint>
#include <mutex>
#include <span>

#include "base/endpoint.h"
#include "base/fd.h"
#include "supervisor/splice_loop.h"

namespace supervisor {

class LoopbackDoor final : public SpliceLoop::Watcher {
 public:
  // Once, before all else. False where this machine's loopback can't be listened on.
  bool Open();
  void WatchBy(SpliceLoop& loop);

  struct Joined {
    int result = 0;       // what connect(2) said
    base::Fd end;         // ours, non-blocking; invalid: the socket isn't connected
    base::Endpoint door;  // what the socket is connected to, for the kernel
    uint16_t port = 0;    // the socket's own
  };
  // Connects `socket`, a duplicate of a program's non-blocking one of `domain`, to this door.
  Joined Join(int socket, int domain, uint64_t cookie);

  // True for results of connect(2) that say that the socket can't get to a door at all, unlike
  // those that are about a connect before.
  static bool IsOutOfReach(int result);

  // Is `endpoint` one of this door's?
  bool IsAt(const base::Endpoint& endpoint) const;

  // Turns strangers away.
  void Readable() override;

 private:
  struct Listener {
    base::Fd fd;
    base::Endpoint at;
  };

  static bool Listen(const base::IpAddress& address, Listener* out);
  Joined JoinAt(const Listener& listener, int socket, int domain, uint64_t cookie);
  base::Fd Await(const Listener& listener, const base::Endpoint& program);
  static void TurnAway(const Listener& listener);

  Listener v4_;
  Listener v6_;  // invalid where there is no IPv6
  std::mutex mutex_;
};

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_LOOPBACK_DOOR_H_
