#include "supervisor/splice.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <string_view>
#include <utility>

#include "base/syscalls.h"

namespace supervisor {
namespace {

// Pieces that one direction moves before others have their turn.
constexpr int kTurn = 8;

long SpliceBytes(int from, int to, size_t size) {
  return sys::Call(SYS_splice, from, 0, to, 0, static_cast<long>(size),
                   SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

void SetOption(int fd, int level, int name, int value) {
  sys::Setsockopt(fd, level, name, &value, sizeof value);
}

// A program that has said its last word may be gone: then nobody hears the far end's, and only the
// kernel's question tells.
void AskWhetherAlive(int fd) {
  constexpr int kSeconds = 30;
  SetOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, kSeconds);
  SetOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, kSeconds);
  SetOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
}

Splice::End Other(Splice::End end) {
  return end == Splice::End::kProgram ? Splice::End::kFar : Splice::End::kProgram;
}

}  // namespace

void CloseWithReset(base::Fd socket) {
  const linger at_once{1, 0};
  sys::Setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

Splice::Splice(base::Fd program, base::Fd far, PipePool& pipes, Opening opening)
    : pipes_(pipes), opening_(std::move(opening)) {
  side(End::kProgram).fd = std::move(program);
  side(End::kFar).fd = std::move(far);
  for (const Side& each : sides_) {
    // The program's kernel, or the far end's, has joined small pieces already, or was told not to.
    SetOption(each.fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  }
}

Splice::~Splice() {
  cut_ = cut_ || !directions_[0].over || !directions_[1].over;
  Finish();
}

void Splice::Ready(End end, uint32_t events) {
  Side& each = side(end);
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
    each.readable = true;
  }
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
    each.writable = true;
  }
  each.failed = each.failed || (events & EPOLLERR) != 0;
  each.hung_up = each.hung_up || (events & EPOLLRDHUP) != 0;
}

Splice::Moved Splice::Move() {
  const bool more_out = MoveSome(End::kProgram);
  const bool more_in = MoveSome(End::kFar);
  if (directions_[0].ended && !asks_program_) {
    asks_program_ = true;
    AskWhetherAlive(fd(End::kProgram));
  }
  if (IsHopeless() || (directions_[0].over && directions_[1].over)) {
    Finish();
    return Moved::kOver;
  }
  return more_out || more_in ? Moved::kMore : Moved::kWaits;
}

// What one side still has to say is carried on after the other's accident for as long as somebody
// may hear it.
bool Splice::IsHopeless() const {
  const bool far_is_done = directions_[static_cast<size_t>(End::kFar)].over;
  return side(End::kProgram).failed || (side(End::kFar).failed && far_is_done);
}

bool Splice::MoveSome(End from) {
  Direction& direction = directions_[static_cast<size_t>(from)];
  for (int piece = 0; piece < kTurn; ++piece) {
    if (direction.over) {
      return false;
    }
    switch (MovePiece(direction, side(from), side(Other(from)))) {
      case Step::kDone:
        break;
      case Step::kBlocked:
        return false;
      case Step::kCut:
        directions_[0].over = directions_[1].over = true;
        cut_ = true;
        return false;
    }
  }
  return true;
}

Splice::Step Splice::MovePiece(Direction& direction, Side& from, Side& to) {
  if (direction.pending > 0) {
    return Drain(direction, to);
  }
  if (&direction == &directions_[0] && first_sent_ < opening_.first.size()) {
    return SendFirst(direction, to);
  }
  Gate* const gate = GateOf(direction);
  if (gate != nullptr && gate->state() != Gate::State::kOpen) {
    direction.ended = direction.over = true;
    return gate->state() == Gate::State::kShut ? Step::kDone : Step::kCut;
  }
  if (direction.ended) {
    direction.over = true;
    if (sys::Call(SYS_shutdown, to.fd.get(), SHUT_WR) < 0) {
      return LoseReceiver(direction, to);
    }
    return Step::kDone;
  }
  if (!from.readable || !to.writable) {
    return Step::kBlocked;
  }
  if (gate == nullptr) {
    direction.pipe = pipes_.Borrow();
  }
  return direction.pipe.valid() ? Fill(direction, from) : PassThroughBuffer(direction, from, to);
}

Splice::Step Splice::SendFirst(Direction& direction, Side& to) {
  if (!to.writable) {
    return Step::kBlocked;
  }
  const std::string_view left = std::string_view(opening_.first).substr(first_sent_);
  const long sent = sys::Send(to.fd.get(), left.data(), left.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent > 0) {
    first_sent_ += static_cast<size_t>(sent);
    return Step::kDone;
  }
  if (sent == -EAGAIN) {
    to.writable = false;
    return Step::kBlocked;
  }
  return sent == -EINTR ? Step::kDone : LoseReceiver(direction, to);
}

Splice::Step Splice::Drain(Direction& direction, Side& to) {
  const long sent = SpliceBytes(direction.pipe.read.get(), to.fd.get(), direction.pending);
  if (sent > 0) {
    direction.pending -= static_cast<uint32_t>(sent);
    if (direction.pending == 0) {
      pipes_.Return(std::exchange(direction.pipe, {}));
    }
    return Step::kDone;
  }
  if (sent == -EAGAIN) {
    to.writable = false;
    return Step::kBlocked;
  }
  return sent == -EINTR ? Step::kDone : LoseReceiver(direction, to);
}

Splice::Step Splice::Fill(Direction& direction, Side& from) {
  const long got =
      SpliceBytes(from.fd.get(), direction.pipe.write.get(), size_t{PipePool::kPipeSize});
  if (got > 0) {
    direction.pending = static_cast<uint32_t>(got);
    return Step::kDone;
  }
  pipes_.Return(std::exchange(direction.pipe, {}));
  return Receive(got, direction, from);
}

// Looks at the bytes, sends them, and takes off what went out: nothing has to be kept, so that no
// number of far ends that take nothing holds up the others.
Splice::Step Splice::PassThroughBuffer(Direction& direction, Side& from, Side& to) {
  const auto buffer = pipes_.buffer();
  const long got = sys::Recv(from.fd.get(), buffer.data(), buffer.size(), MSG_PEEK | MSG_DONTWAIT);
  if (got <= 0) {
    return Receive(got, direction, from);
  }
  auto bytes = buffer.first(static_cast<size_t>(got));
  Gate* const gate = GateOf(direction);
  if (gate != nullptr) {
    bytes = bytes.first(gate->Measure(bytes));
  }
  const long sent = sys::Send(to.fd.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent > 0) {
    if (gate != nullptr) {
      gate->Pass(bytes.first(static_cast<size_t>(sent)));
    }
    // With MSG_TRUNC they are not copied again; see tcp(7).
    sys::Recv(from.fd.get(), nullptr, static_cast<size_t>(sent), MSG_TRUNC | MSG_DONTWAIT);
    return Step::kDone;
  }
  if (sent == -EAGAIN) {
    to.writable = false;
    return Step::kBlocked;
  }
  return sent == -EINTR ? Step::kDone : LoseReceiver(direction, to);
}

// `got` is no number of bytes: the end, or -errno.
Splice::Step Splice::Receive(long got, Direction& direction, Side& from) {
  switch (got) {
    case 0:
      direction.ended = true;
      // The kernel shows the end of a connection that was reset once somebody has been told of the
      // reset: by a send.
      return from.failed ? Step::kCut : Step::kDone;
    case -EAGAIN:
      from.readable = false;
      return Step::kBlocked;
    case -EINTR:
      return Step::kDone;
    default:
      return Step::kCut;
  }
}

// Nobody takes this direction's bytes any more. What the lost side sent before goes on.
Splice::Step Splice::LoseReceiver(Direction& direction, Side& to) {
  if (direction.pipe.valid()) {
    pipes_.Discard(std::exchange(direction.pipe, {}));
  }
  direction.pending = 0;
  direction.over = true;
  to.failed = true;
  to.readable = true;
  return Step::kBlocked;
}

void Splice::Finish() {
  const bool cut = cut_ || sides_[0].failed || sides_[1].failed;
  if (!cut && opening_.gate != nullptr && side(End::kProgram).fd.valid()) {
    DropUnread();
  }
  for (Direction& direction : directions_) {
    if (direction.pipe.valid()) {
      pipes_.Discard(std::exchange(direction.pipe, {}));
    }
  }
  for (Side& each : sides_) {
    if (!each.fd.valid()) {
      continue;
    }
    if (cut) {
      CloseWithReset(std::move(each.fd));
    } else {
      each.fd.Reset();
    }
  }
}

// What didn't pass the gate. The kernel resets a connection that is closed with something unread,
// and the program would lose the end of what it was told.
void Splice::DropUnread() {
  constexpr size_t kPiece = 1 << 20;
  const int fd = side(End::kProgram).fd.get();
  while (sys::Recv(fd, nullptr, kPiece, MSG_TRUNC | MSG_DONTWAIT) > 0) {
  }
}

}  // namespace supervisor
