// Caller: the thread whose system call was trapped, as the supervisor sees it from outside.
//
// Everything here may meet a thread that is gone already (ESRCH, ENOENT: a branch, not an error) or
// a process that may not be looked at (EPERM, as after prctl(PR_SET_DUMPABLE, 0)). What was read
// counts only if the notification is still alive afterwards: a thread number comes round again.
// Used by one thread at a time.
#ifndef GOCHAIN_SUPERVISOR_CALLER_H_
#define GOCHAIN_SUPERVISOR_CALLER_H_

#include <sys/stat.h>
#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "engine/connector.h"
#include "supervisor/pidfd_cache.h"

namespace supervisor {

class Caller final : public engine::Program {
 public:
  Caller(pid_t tid, PidfdCache& pidfds) : tid_(tid), pidfds_(pidfds) {}

  pid_t tid() const { return tid_; }
  // The process; the thread itself where that can't be read. For logs and look-ups.
  pid_t tgid();
  int pid() override { return tgid(); }
  // The view is of this object.
  std::string_view exe() override;

  // Reads all of `out` from `address`: 0, or -errno (-EFAULT where not all of it is mapped).
  int Read(uint64_t address, std::span<uint8_t> out) const;
  // The same, but as much as there is: bytes, or -errno.
  long ReadSome(uint64_t address, std::span<uint8_t> out) const;
  // Respects the protection of the pages.
  int Write(uint64_t address, std::span<const uint8_t> data) const;

  template <typename T>
  int ReadObject(uint64_t address, T* out) const {
    return Read(address, {reinterpret_cast<uint8_t*>(out), sizeof *out});
  }

  // A duplicate of its descriptor `fd`, of the same open file.
  base::Result<base::Fd> TakeDescriptor(int fd);
  // stat(2) of the open file behind `fd`, without a duplicate of it: 0 or -errno.
  int StatDescriptor(int fd, struct stat* out) const;
  // The flags of open(2) of `fd`, close-on-exec among them, or -errno.
  int DescriptorFlags(int fd) const;

  // Is it in the network namespace of the supervisor?
  bool SharesNetwork() const;
  // Opens `path` as the thread would: below its root, relative to its working directory.
  base::Result<base::Fd> Open(const char* path, int flags) const;

  // Becomes readable when the thread (before Linux 6.9: its process) is gone; -1: can't be had.
  int pidfd();

 private:
  int pidfd_number() const { return pidfd_ != nullptr ? pidfd_->get() : -1; }
  void OpenPidfd();
  int WriteToFile(uint64_t address, std::span<const uint8_t> data) const;

  pid_t tid_;
  PidfdCache& pidfds_;
  pid_t tgid_ = 0;
  PidfdCache::Shared pidfd_;
  bool asked_for_pidfd_ = false;
  size_t exe_size_ = 0;
  std::array<char, 512> exe_;
};

// Whether a process that this one has forked, and that runs the same program still, may be looked
// into: 0, or an errno. Yama (kernel.yama.ptrace_scope 2 and 3) refuses it to ancestors too.
int TryReading(pid_t child);

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_CALLER_H_
