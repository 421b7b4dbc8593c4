// Listening: gochain as a proxy of its own, without a COMMAND.
#ifndef GOCHAIN_PROCESS_LISTENING_H_
#define GOCHAIN_PROCESS_LISTENING_H_

#include "base/endpoint.h"
#include "process/job.h"

namespace process {

// Listens at `at` under the rules of `job` until a signal ends it (SIGINT, SIGTERM, SIGHUP). Says
// on standard error where, once it is ready. Returns an exit status, or ends the process.
int RunListening(const Job& job, const base::Endpoint& at);

}  // namespace process

#endif  // GOCHAIN_PROCESS_LISTENING_H_
