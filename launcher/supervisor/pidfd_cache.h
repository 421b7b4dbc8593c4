// PidfdCache: pidfds of threads that made a trapped call lately, since opening one costs more than
// all else that a thread is asked for. Thread-safe.
//
// An entry may be stale: its thread has ended, and its number may be another one's by now. Taking a
// descriptor through such a pidfd fails with ESRCH, and that is how its user finds out; so a cached
// pidfd is good for nothing before that has gone well. Only pidfds of threads (PIDFD_THREAD) may be
// kept: one of a process lives on when the thread's number has gone to another process.
#ifndef GOCHAIN_SUPERVISOR_PIDFD_CACHE_H_
#define GOCHAIN_SUPERVISOR_PIDFD_CACHE_H_

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>

#include "base/fd.h"

namespace supervisor {

class PidfdCache {
 public:
  using Shared = std::shared_ptr<const base::Fd>;

  // Null where there is none.
  Shared Find(pid_t tid) {
    const std::lock_guard lock(mutex_);
    const Entry& entry = EntryOf(tid);
    return entry.tid == tid ? entry.pidfd : nullptr;
  }
  void Keep(pid_t tid, Shared pidfd) {
    const std::lock_guard lock(mutex_);
    EntryOf(tid) = {tid, std::move(pidfd)};
  }

 private:
  struct Entry {
    pid_t tid = 0;
    Shared pidfd;
  };
  // As many descriptors stay open at most. A Go program moves its connects among a dozen threads.
  static constexpr size_t kEntries = 64;

  Entry& EntryOf(pid_t tid) { return entries_[static_cast<size_t>(tid) % kEntries]; }

  std::mutex mutex_;
  std::array<Entry, kEntries> entries_;
};

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_PIDFD_CACHE_H_
