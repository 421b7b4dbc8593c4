// The seccomp filter of the supervise door: which system calls become notifications.
//
// Built and installed in COMMAND's process before exec, which has one thread then. The filter is
// no sandbox: it keeps honest programs on their routes. Calls it allows without looking at an
// argument are cached by the kernel and cost nothing.
#ifndef GOCHAIN_SUPERVISOR_FILTER_H_
#define GOCHAIN_SUPERVISOR_FILTER_H_

#include <linux/filter.h>

#include <cstdint>
#include <span>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace supervisor {

struct FilterOptions {
  // connect, getpeername, socket and sendmsg whose fourth and fifth argument are this and its
  // complement pass, and sendmmsg whose fifth and sixth are; 0: none pass.
  uint64_t cookie = 0;
  // Where descriptors can't be taken from processes: socket, bind and listen are trapped too.
  bool trap_sockets = false;
  // sctp_connectx(3), which names its targets to setsockopt and getsockopt, is refused.
  bool block_connectx = false;
};

base::Result<std::vector<sock_filter>> BuildFilter(const FilterOptions& options);

// Puts the filter on the calling thread and all that it starts; returns the listener, CLOEXEC.
// REQUIRES: no_new_privs is set, or the caller has CAP_SYS_ADMIN.
base::Result<base::Fd> InstallFilter(std::span<const sock_filter> program);

// Does the kernel, and whatever confines this process, let it take descriptor `fd` of the process
// behind `pidfd`?
bool CanTakeDescriptors(int pidfd, int fd);

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_FILTER_H_
