// Command: process C between fork and exec.
#ifndef GOCHAIN_PROCESS_COMMAND_H_
#define GOCHAIN_PROCESS_COMMAND_H_

#include <signal.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/fd.h"
#include "process/job.h"

namespace process {

// What C tells S over a socket pair before it becomes COMMAND; a kListener message carries the
// descriptor. The socket's end of file means that exec has happened.
struct Handover {
  enum class Kind : uint8_t { kListener, kInstallFailed, kExecFailed };
  Kind kind = Kind::kListener;
  int32_t error = 0;
};

// What S tells C of its filter, once it knows whether descriptors can be taken from C.
struct Go {
  bool trap_sockets = false;
  bool block_connectx = false;
};

// Never returns: becomes COMMAND, or tells S over `keeper` why not and exits. `group` is the
// process group to join, 0 for none. `environment` is "NAME=value" strings.
[[noreturn]] void BecomeCommand(const Job& job, base::Fd keeper, pid_t group,
                                const sigset_t& original_mask,
                                const std::vector<std::string>& environment);

}  // namespace process

#endif  // GOCHAIN_PROCESS_COMMAND_H_
