// Server: takes the programs' connections, each into a thread of its own, until nobody is left who
// could come.
#ifndef GOCHAIN_RELAY_SERVER_H_
#define GOCHAIN_RELAY_SERVER_H_

#include <cstddef>
#include <mutex>

#include "base/fd.h"
#include "engine/session.h"
#include "protocol/relay_message.h"
#include "relay/dialer.h"
#include "relay/listeners.h"

namespace relay {

// On whose behalf the relay is there.
class Owner {
 public:
  virtual int fd() const = 0;
  // Called whenever fd() is readable. False: it is gone.
  virtual bool Hear() = 0;

 protected:
  ~Owner() = default;
};

class Server {
 public:
  // REQUIRES: the session lives as long as the process; its relay() isn't read.
  Server(engine::Session& session, Listeners listeners, const protocol::RelayAccess& access);

  // Serves until the owner is gone and the last connection has ended. Once.
  void Run(Owner& owner);

 private:
  struct Task;

  static void* ServeTask(void* task);
  void Accept(int listener);
  void Begin();
  void End();
  bool is_idle();

  Listeners listeners_;
  const protocol::RelayAccess access_;
  Dialer dialer_;
  base::Fd idle_;  // an eventfd: written to whenever the last connection ends
  std::mutex mutex_;
  size_t count_ = 0;  // of connections; under mutex_
};

}  // namespace relay

#endif  // GOCHAIN_RELAY_SERVER_H_
