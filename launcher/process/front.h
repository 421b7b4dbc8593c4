// Front: process A, which the shell sees in COMMAND's place.
#ifndef GOCHAIN_PROCESS_FRONT_H_
#define GOCHAIN_PROCESS_FRONT_H_

#include "process/job.h"

namespace process {

// Runs `job` and returns the exit status for main; or, where a signal ended COMMAND, raises the
// same signal on this process, so that a shell's loop stops at Ctrl-C as it would without gochain.
int RunJob(const Job& job);

}  // namespace process

#endif  // GOCHAIN_PROCESS_FRONT_H_
