// Fd: sole owner of one file descriptor.
//
// Used in the launcher and, for the length of a call, inside strangers' processes; any thread.
// Closes by raw system call, since libc's close may be interposed, and keeps errno.
#ifndef GOCHAIN_BASE_FD_H_
#define GOCHAIN_BASE_FD_H_

#include <utility>

#include "base/syscalls.h"

namespace base {

class Fd {
 public:
  constexpr Fd() = default;
  explicit constexpr Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.Release()) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      Reset(other.Release());
    }
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { Reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  explicit operator bool() const { return valid(); }

  // Gives the descriptor up; the caller owns it now.
  [[nodiscard]] int Release() { return std::exchange(fd_, -1); }

  void Reset(int fd = -1) {
    const int old = std::exchange(fd_, fd);
    if (old >= 0) {
      sys::Close(old);
    }
  }

 private:
  int fd_ = -1;
};

}  // namespace base

#endif  // GOCHAIN_BASE_FD_H_
