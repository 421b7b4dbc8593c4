// Watches: one for each epoll set of the program in which descriptors that dial should be: an inner
// epoll set with those descriptors, and a timer for their deadlines. The inner set is an entry of
// the program's own set, so that a thread which already waits there wakes to bring the dials on.
// Two descriptors a set while there is a dial in it, none else. All under the Guard.
#ifndef GOCHAIN_LOOP_WATCHES_H_
#define GOCHAIN_LOOP_WATCHES_H_

#include <sys/epoll.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace loop {

extern std::atomic<uint32_t> g_watch_count;
// True where a wait on an epoll set may have events of the library's own.
inline bool HasWatches() {
  return __builtin_expect(g_watch_count.load(std::memory_order_relaxed) != 0, 0);
}

// `fd`, on which dial number `rider` is at work, is to be watched in the place of its entry in
// `set`; `wake_ms` is when the dial wants to be driven in any case. 0 or -errno, as epoll_ctl(2)
// has it for `set`.
int Attach(int set, int fd, uint64_t rider, int64_t wake_ms);
void Detach(int set, int fd);
// The dial wants to be driven earlier than it said.
void WakeBy(int set, int64_t wake_ms);

bool IsWatched(int set);
// The program closes `set`, or the number becomes another file's.
void CloseWatch(int set);
// In a forked child: what there is is the parent's.
void ForgetWatches();
bool IsOwnDescriptor(int fd);
int NextOwnDescriptor(int low);  // INT32_MAX: none
// Moves the library's own descriptor `fd` to another number.
void MoveOwnDescriptor(int fd);

// Takes the library's own events out of the `count` that a wait has brought, and brings the dials
// on that they are of. Returns how many are left. Takes the Guard.
int Filter(epoll_event* events, int count);

// For Filter(): brings dial number `rider` on, or all whose time has come; returns when the next
// one wants to be driven.
void DriveRider(uint64_t rider);
int64_t DriveLate();

}  // namespace loop

#endif  // GOCHAIN_LOOP_WATCHES_H_
