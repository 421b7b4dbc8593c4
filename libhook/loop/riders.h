// Riders: all dials that ride on this process's event loops, as the hooks use them.
//
// Hooks ask IsBusy() (guard.h) first and then one of these. Dials are brought on by whoever waits
// for their descriptors: poll(2) waits for what the dial needs in the place of what the program
// asked for, and an epoll set has an inner set in the place of the descriptors that dial, with a
// timer, whose events the hook takes out of what the program is told (watches.h). No thread, no
// relay, and nothing is ever reported that isn't so. Async-signal-safe but for name lookups in
// Ride(); any thread.
#ifndef GOCHAIN_LOOP_RIDERS_H_
#define GOCHAIN_LOOP_RIDERS_H_

#include <sys/epoll.h>

#include <cstdint>
#include <optional>

#include "loop/rider.h"

namespace loop {

// Begins the dial and lets it ride: -EINPROGRESS, or 0 or -errno where it is over already. Without
// a value it can't ride, and its caller must dial and wait. REQUIRES: ticket.fd is non-blocking
std::optional<int> Ride(const Ticket& ticket);

enum class Standing : uint8_t {
  kNone,  // no dial of ours, or one that is up: the kernel knows best
  kDialling,
  kFailed,
};

// Brings the dial on `fd` on, and says how it stands.
Standing Look(int fd);
// The same; a failure counts as told, and its errno goes to `error`.
Standing Hear(int fd, int* error);
// Waits until the dial on `fd` is over, or a signal comes whose handler doesn't restart calls
// (-EINTR); then as Hear().
int WaitFor(int fd, Standing* standing, int* error);
// Ends the dial on `fd`: its socket is unconnected then.
void GiveUp(int fd);

// The program is about to close `fd`. False: it is one of the library's own, and not to be closed.
bool Closing(int fd);
// The lowest of the library's own descriptors from `low` on; INT32_MAX: there is none.
int OwnFrom(int low);
// `fd` is about to become another file's; if it is one of the library's own it moves away.
void Replacing(int fd);
// `copy` has become another descriptor of the file of `fd`.
void Duplicated(int fd, int copy);
// This process is about to be replaced; dials on descriptors that stay open are waited for.
void Executing();

// How poll(2) is to wait for `fd`. `events` and `wake_ms` are those of the dial where kDialling.
struct Interest {
  Standing standing = Standing::kNone;
  short events = 0;
  int64_t wake_ms = INT64_MAX;
};
Interest InterestIn(int fd, int64_t now_ms);

// epoll_ctl(2) on a descriptor that dials: 0 or -errno as the kernel would. Without a value it is
// the kernel's.
std::optional<int> Control(int set, int operation, int fd, const epoll_event* event);

}  // namespace loop

#endif  // GOCHAIN_LOOP_RIDERS_H_
