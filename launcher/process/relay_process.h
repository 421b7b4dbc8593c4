// RelayProcess: process R, which dials where a hop wants more than a handshake: TLS, ssh, Kerberos.
//
// A starts it before S, and only where the rules have such a hop. It is in neither's tree: what it
// starts itself is not COMMAND's, and no filter applies to it. It ends with S and its last
// connection. A library without a launcher starts one for itself (hooks/relay_starter.h), which
// ends with that process and its last connection.
#ifndef GOCHAIN_PROCESS_RELAY_PROCESS_H_
#define GOCHAIN_PROCESS_RELAY_PROCESS_H_

#include <sys/types.h>

#include "base/fd.h"
#include "base/result.h"
#include "engine/session.h"
#include "protocol/relay_message.h"

namespace process {

struct RelayProcess {
  pid_t pid = -1;  // none: the rules need no relay
  // S's end of a socket pair; R ends when nobody has it any more.
  base::Fd keeper;
  protocol::RelayAccess access;

  // S's first word: the session, whose region `state` is. False: R is gone.
  bool Share(engine::Session& session, int state);
  // R must not hold COMMAND's standard error open any longer.
  void TellCommandEnded();
};

// Forks R off. Called by A, with one thread. `tables`: the region whose tables the run borrows; or
// -1.
base::Result<RelayProcess> StartRelay(int tables);

// Is the relay of a library, in process `owner`, that has put what it needs to know on standard
// input (engine/relay_start.h). Ends the process, or returns an exit status.
int RunLibraryRelay(pid_t owner);

}  // namespace process

#endif  // GOCHAIN_PROCESS_RELAY_PROCESS_H_
