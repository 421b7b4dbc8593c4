// Supervisor: answers the calls that the filter of a process tree traps. Runs in process S, an
// ancestor of the whole tree, which alone holds the listener.
#ifndef GOCHAIN_SUPERVISOR_SUPERVISOR_H_
#define GOCHAIN_SUPERVISOR_SUPERVISOR_H_

#include <cstdint>
#include <memory>

#include "base/fd.h"
#include "engine/session.h"

namespace supervisor {

class Supervisor {
 public:
  struct Options {
    bool trap_sockets = false;  // as the filter was built
  };

  // REQUIRES: `session` outlives the supervisor.
  Supervisor(engine::Session& session, base::Fd listener, const Options& options);
  // Blocks until its threads are gone. REQUIRES: WaitForTreeEnd() returned, or Start() never ran.
  ~Supervisor();

  // Starts the threads and raises the process's soft limit of descriptors. REQUIRES: the processes
  // of the tree have been forked, since they would inherit the limit.
  void Start();
  // Returns when the last task under the filter is gone.
  void WaitForTreeEnd();
  // Waits until no connection is left that it carries for a program: what the last ones said may
  // still be on its way when they have ended. False where it takes longer than `timeout_ms` (-1:
  // without limit).
  bool AwaitConnections(int64_t timeout_ms);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_SUPERVISOR_H_
