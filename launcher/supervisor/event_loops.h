// EventLoops: which programs would be held up by a connect that takes the time of its handshakes.
//
// Those that wait for many things at once in an epoll set: one more thread of theirs that waits
// could even take the handshake's bytes. Go's runtime has one too, but parks a thread in connect.
// Thread-safe.
#ifndef GOCHAIN_SUPERVISOR_EVENT_LOOPS_H_
#define GOCHAIN_SUPERVISOR_EVENT_LOOPS_H_

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "program/entry.h"

namespace supervisor {

class EventLoops {
 public:
  // All look at thread `tid` and its process now; an exec makes another program of it.
  bool IsGo(pid_t tid);
  bool HasEpollSet(pid_t tid);
  // Is descriptor `fd` in one of its epoll sets? They would go on with the file that is there now.
  bool IsWatched(pid_t tid, int fd);

 private:
  // A program file as it was when it was looked into.
  struct File {
    uint64_t device = 0;
    uint64_t inode = 0;
    int64_t changed_ns = 0;
    program::Entry entry = program::Entry::kNone;
  };
  // Where a thread's set was the last time.
  struct Found {
    pid_t tid = 0;
    int fd = -1;
  };

  int Remembered(pid_t tid);
  void Remember(pid_t tid, int fd);

  std::mutex mutex_;
  std::array<File, 64> files_;
  size_t next_file_ = 0;
  std::array<Found, 64> found_;
  size_t next_found_ = 0;
};

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_EVENT_LOOPS_H_
