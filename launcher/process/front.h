// Front: process A, which the shell sees in COMMAND's place.
#ifndef GOCHAIN_PROCESS_FRONT_H_
#define GOCHAIN_PROCESS_FRONT_H_

#include <string>

#include "process/job.h"

namespace process {

// Runs `job` and returns the exit status for main; or, where a signal ended COMMAND, raises the
// same signal on this process, so that a shell's loop stops at Ctrl-C as it would without gochain.
//
// Where the job supervises and that can't be had here, nothing has been started, `missing` says
// what there is not, and this process is as it was: another job may be run.
int RunJob(const Job& job, std::string* missing);

}  // namespace process

#endif  // GOCHAIN_PROCESS_FRONT_H_
