#include "relay/copy.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <array>
#include <cerrno>
#include <memory>
#include <span>

#include "base/syscalls.h"

namespace relay {
namespace {

// By read and write: splice(2) through a pipe costs as much per byte, and two descriptors more.
constexpr size_t kBufferSize = 64 * 1024;
// Pieces that one direction moves before the other has its turn.
constexpr int kTurn = 8;

// One direction: from → to.
class Direction {
 public:
  enum class Wish : uint8_t {
    kOn,      // more can be done at once
    kRead,    // waits until there is something to read
    kWrite,   // waits until something can be written
    kOver,    // all has been said, and its end
    kCutIn,   // the reading end had an accident
    kCutOut,  // the writing end had one
  };

  Direction(Stream& from, Stream& to, std::span<uint8_t> buffer)
      : from_(from), to_(to), buffer_(buffer) {}

  // Moves what can be moved without waiting.
  Wish Move() {
    for (int piece = 0; piece < kTurn && wish_ < Wish::kOver; ++piece) {
      wish_ = MovePiece();
      if (wish_ != Wish::kOn) {
        break;
      }
    }
    return wish_;
  }
  Wish wish() const { return wish_; }
  bool is_ended() const { return ended_; }
  Stream& from() { return from_; }
  Stream& to() { return to_; }

 private:
  Wish MovePiece() {
    if (!pending_.empty()) {
      const long sent = to_.Send(pending_);
      if (sent < 0) {
        return sent == -EINTR ? Wish::kOn : sent == -EAGAIN ? Wish::kWrite : Wish::kCutOut;
      }
      pending_ = pending_.subspan(static_cast<size_t>(sent));
      return Wish::kOn;
    }
    if (ended_) {
      const long result = to_.ShutdownWrite();
      return result == 0 ? Wish::kOver : result == -EAGAIN ? Wish::kWrite : Wish::kCutOut;
    }
    const long got = from_.Receive(buffer_, false);
    if (got < 0) {
      return got == -EINTR ? Wish::kOn : got == -EAGAIN ? Wish::kRead : Wish::kCutIn;
    }
    ended_ = got == 0;
    pending_ = buffer_.first(static_cast<size_t>(got));
    return Wish::kOn;
  }

  Stream& from_;
  Stream& to_;
  std::span<uint8_t> buffer_;
  std::span<const uint8_t> pending_;
  bool ended_ = false;
  Wish wish_ = Wish::kRead;
};

using Wish = Direction::Wish;

short InterestIn(const Stream& stream, Direction& direction) {
  if (direction.wish() == Wish::kRead && &direction.from() == &stream) {
    return POLLIN;
  }
  return direction.wish() == Wish::kWrite && &direction.to() == &stream ? POLLOUT : 0;
}

bool IsTcp(int fd) {
  int protocol = 0;
  socklen_t length = sizeof protocol;
  return sys::Getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) == 0 &&
         protocol == IPPROTO_TCP;
}

// A program that has said its last word may be gone: then nobody hears the far end's, and only the
// kernel's question tells.
void AskWhetherAlive(Stream& program) {
  const int on = 1;
  const int seconds = 30;
  sys::Setsockopt(program.fd(), IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds);
  sys::Setsockopt(program.fd(), IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof seconds);
  sys::Setsockopt(program.fd(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

}  // namespace

void Copy(Stream& program, Stream& far) {
  const auto memory = std::make_unique_for_overwrite<uint8_t[]>(2 * kBufferSize);
  Direction out(program, far, {memory.get(), kBufferSize});
  Direction in(far, program, {memory.get() + kBufferSize, kBufferSize});
  const bool is_tcp = IsTcp(program.fd());
  bool asked = false;
  for (;;) {
    out.Move();
    in.Move();
    // What the far end sent before its accident is still given to the program, and the reverse.
    const bool out_over = out.wish() >= Wish::kOver;
    const bool in_over = in.wish() >= Wish::kOver;
    const bool cut_now = out.wish() == Wish::kCutIn || in.wish() == Wish::kCutIn;
    if (cut_now || (out_over && in_over)) {
      break;
    }
    if (out.is_ended() && !asked && is_tcp) {
      AskWhetherAlive(program);
      asked = true;
    }
    const auto interest = [&](const Stream& stream) {
      return static_cast<short>(InterestIn(stream, out) | InterestIn(stream, in));
    };
    std::array<pollfd, 4> watched;
    AddTo(watched.data(), program, interest(program));
    AddTo(watched.data() + 2, far, interest(far));
    // An RST of the program's ends all, even while nothing can be moved. A connection that both
    // sides have ended hangs up, which would wake the poll for nothing.
    const bool listens = watched[0].fd < 0 && is_tcp && !(out.is_ended() && in_over);
    if (listens) {
      watched[0].fd = program.fd();
    }
    const bool goes_on = out.wish() == Wish::kOn || in.wish() == Wish::kOn ||
                         (out.wish() == Wish::kRead && program.has_buffered()) ||
                         (in.wish() == Wish::kRead && far.has_buffered());
    sys::Poll(watched.data(), watched.size(), goes_on ? 0 : -1);
    if (listens && (watched[0].revents & POLLERR) != 0) {
      break;
    }
  }
  if (out.wish() != Wish::kOver || in.wish() != Wish::kOver) {
    program.Abort();
    far.Abort();
  }
}

}  // namespace relay
