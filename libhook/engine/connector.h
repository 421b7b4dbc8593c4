// Connector: one connect(2) by a caller that waits until its dial is over: an Attempt, driven by
// the door's Surroundings. Used by one thread for one connect; it allocates nothing itself.
#ifndef GOCHAIN_ENGINE_CONNECTOR_H_
#define GOCHAIN_ENGINE_CONNECTOR_H_

#include "base/failure.h"
#include "engine/event_log.h"
#include "engine/plan.h"
#include "engine/session.h"
#include "engine/surroundings.h"

namespace engine {

class Connector {
 public:
  Connector(Session& session, Door door, Program& program)
      : session_(session), door_(door), program_(program) {}

  // Dials `plan` on stream socket `fd` of `domain` (the program's own open file, whose flags are
  // never written). Returns 0 or -errno as the program shall see it. After a failure the socket is
  // unconnected again, with its options. REQUIRES: !plan.pass_through
  int Run(int fd, int domain, const Plan& plan, Surroundings& surroundings);

  // Why the last Run() failed; none where nobody is to blame.
  const base::Failure& failure() const { return failure_; }

 private:
  Session& session_;
  Door door_;
  Program& program_;
  base::Failure failure_;
};

}  // namespace engine

#endif  // GOCHAIN_ENGINE_CONNECTOR_H_
