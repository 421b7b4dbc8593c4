// WaitForDescriptors: what poll, ppoll, select and pselect come to while a dial rides.
#ifndef GOCHAIN_HOOKS_POLL_H_
#define GOCHAIN_HOOKS_POLL_H_

#include <poll.h>
#include <signal.h>

#include <cstdint>

namespace hooks {

// CLOCK_MONOTONIC in nanoseconds.
int64_t NowNs();
// "For ever" as a time of NowNs().
inline constexpr int64_t kNever = INT64_MAX;

// As ppoll(2), until `deadline_ns`: dials on the descriptors are brought on meanwhile, and each is
// reported as the kernel would a connection under way. Returns the count or -errno.
int WaitForDescriptors(pollfd* fds, nfds_t count, int64_t deadline_ns, const sigset_t* mask);

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_POLL_H_
