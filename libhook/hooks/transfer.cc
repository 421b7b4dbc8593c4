// The calls that move bytes: on a descriptor whose dial rides they answer as the kernel does while
// a connect is under way (EAGAIN), or once it has failed; else the program's bytes would get into
// the handshake. A descriptor that has become blocking waits for the dial. Else they are the real
// call and one load. Async-signal-safe, and cancellation points where libc has them.
#include "hooks/transfer.h"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <span>

#include "base/syscalls.h"
#include "hooks/dns_questions.h"
#include "hooks/dns_sockets.h"
#include "hooks/next.h"
#include "loop/guard.h"
#include "loop/riders.h"

namespace hooks {

bool MayTransfer(int fd, int flags) {
  if (loop::RiderOn(fd) == nullptr) {
    return true;
  }
  const int saved_errno = errno;
  int error = 0;
  loop::Standing standing = loop::Standing::kNone;
  const bool waits = (flags & MSG_DONTWAIT) == 0 && (sys::Fcntl(fd, F_GETFL) & O_NONBLOCK) == 0;
  if (!waits) {
    standing = loop::Hear(fd, &error);
  } else if (const int result = loop::WaitFor(fd, &standing, &error); result < 0) {
    errno = -result;
    return false;
  }
  errno = standing == loop::Standing::kDialling ? EAGAIN
          : standing == loop::Standing::kFailed ? error
                                                : saved_errno;
  return standing == loop::Standing::kNone;
}

namespace {

inline bool IsHeldBack(int fd, int flags = 0) { return loop::IsBusy() && !MayTransfer(fd, flags); }

// One that lives as long as the full expression.
struct Piece {
  Piece(const void* data, size_t size) : piece{const_cast<void*>(data), size} {}
  operator std::span<const iovec>() const { return {&piece, 1}; }

  iovec piece;
};

}  // namespace

namespace exported {

ssize_t read(int fd, void* data, size_t size) {
  return IsHeldBack(fd) ? -1 : real::read(fd, data, size);
}

ssize_t __read_chk(int fd, void* data, size_t size, size_t room) {
  return IsHeldBack(fd) ? -1 : real::__read_chk(fd, data, size, room);
}

ssize_t readv(int fd, const iovec* pieces, int count) {
  return IsHeldBack(fd) ? -1 : real::readv(fd, pieces, count);
}

ssize_t write(int fd, const void* data, size_t size) {
  if (IsHeldBack(fd)) {
    return -1;
  }
  return IsDnsSocket(fd)
             ? SendOrAnswer(fd, Piece(data, size), [=] { return real::write(fd, data, size); })
             : real::write(fd, data, size);
}

ssize_t writev(int fd, const iovec* pieces, int count) {
  if (IsHeldBack(fd)) {
    return -1;
  }
  return IsDnsSocket(fd) && count > 0
             ? SendOrAnswer(fd, {pieces, static_cast<size_t>(count)},
                            [=] { return real::writev(fd, pieces, count); })
             : real::writev(fd, pieces, count);
}

ssize_t send(int fd, const void* data, size_t size, int flags) {
  if (IsHeldBack(fd, flags)) {
    return -1;
  }
  return IsDnsSocket(fd) ? SendOrAnswer(fd, Piece(data, size),
                                        [=] { return real::send(fd, data, size, flags); })
                         : real::send(fd, data, size, flags);
}

ssize_t recv(int fd, void* data, size_t size, int flags) {
  return IsHeldBack(fd, flags) ? -1 : real::recv(fd, data, size, flags);
}

ssize_t __recv_chk(int fd, void* data, size_t size, size_t room, int flags) {
  return IsHeldBack(fd, flags) ? -1 : real::__recv_chk(fd, data, size, room, flags);
}

ssize_t recvfrom(int fd, void* data, size_t size, int flags, sockaddr* address, socklen_t* length) {
  if (IsHeldBack(fd, flags)) {
    return -1;
  }
  return IsDnsSocket(fd) ? ReceiveAnswer(fd, data, size, flags, address, length)
                         : real::recvfrom(fd, data, size, flags, address, length);
}

ssize_t __recvfrom_chk(int fd, void* data, size_t size, size_t room, int flags, sockaddr* address,
                       socklen_t* length) {
  if (IsHeldBack(fd, flags)) {
    return -1;
  }
  // What doesn't fit is libc's to say.
  return IsDnsSocket(fd) && size <= room
             ? ReceiveAnswer(fd, data, size, flags, address, length)
             : real::__recvfrom_chk(fd, data, size, room, flags, address, length);
}

ssize_t recvmsg(int fd, msghdr* message, int flags) {
  if (IsHeldBack(fd, flags)) {
    return -1;
  }
  return IsDnsSocket(fd) ? ReceiveAnswer(fd, message, flags) : real::recvmsg(fd, message, flags);
}

int recvmmsg(int fd, mmsghdr* messages, unsigned count, int flags, timespec* timeout) {
  if (IsHeldBack(fd, flags)) {
    return -1;
  }
  return IsDnsSocket(fd) ? ReceiveAnswers(fd, messages, count, flags, timeout)
                         : real::recvmmsg(fd, messages, count, flags, timeout);
}

ssize_t sendfile(int out, int in, off_t* offset, size_t count) {
  return IsHeldBack(out) ? -1 : real::sendfile(out, in, offset, count);
}

ssize_t sendfile64(int out, int in, off_t* offset, size_t count) {
  return IsHeldBack(out) ? -1 : real::sendfile64(out, in, offset, count);
}

ssize_t splice(int in, off_t* in_offset, int out, off_t* out_offset, size_t size, unsigned flags) {
  return IsHeldBack(out) || IsHeldBack(in)
             ? -1
             : real::splice(in, in_offset, out, out_offset, size, flags);
}

}  // namespace exported
}  // namespace hooks
