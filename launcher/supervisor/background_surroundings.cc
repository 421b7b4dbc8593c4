#include "supervisor/background_surroundings.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/clock.h"
#include "base/syscalls.h"
#include "errand/host_lookup.h"
#include "supervisor/far_socket.h"
#include "supervisor/socket_holder.h"

namespace supervisor {
namespace {

// How often a waiting dial looks whether it is still wanted.
constexpr int64_t kSliceMs = 100;

// 0, or -errno as Connect() says it.
int ErrorOf(engine::Surroundings::Waited waited) {
  using Waited = engine::Surroundings::Waited;
  switch (waited) {
    case Waited::kReady:
      return 0;
    case Waited::kTimedOut:
      return -ETIMEDOUT;
    case Waited::kLost:
      return -ECONNABORTED;
    case Waited::kProgramTimedOut:
    case Waited::kInterrupted:
    case Waited::kAbandoned:
      break;
  }
  return -ECANCELED;
}

}  // namespace

int BackgroundSurroundings::Connect(int fd, const sockaddr* address, socklen_t length,
                                    int64_t deadline_ms) {
  const int result = sys::PassingConnect(fd, address, length, 0);
  if (result != -EINPROGRESS) {
    return result;
  }
  if (const int error = ErrorOf(Wait(fd, POLLOUT, deadline_ms)); error != 0) {
    return error;
  }
  int error = 0;
  socklen_t size = sizeof error;
  const int asked = sys::Getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return asked < 0 ? asked : -error;
}

engine::Surroundings::Waited BackgroundSurroundings::Wait(int fd, short events,
                                                          int64_t deadline_ms) {
  for (;;) {
    const int64_t left_ms = std::clamp<int64_t>(deadline_ms - base::NowMs(), 0, kSliceMs);
    pollfd watched[] = {{fd, events, 0},
                        {program_, static_cast<short>(half_closed_ ? 0 : POLLRDHUP), 0}};
    const int ready = sys::Poll(watched, 2, static_cast<int>(left_ms));
    if (stopping_.load(std::memory_order_relaxed) || IsProgramGone(watched[1].revents)) {
      return Waited::kAbandoned;
    }
    if (ready > 0 && watched[0].revents != 0) {
      return Waited::kReady;
    }
    if (base::NowMs() >= deadline_ms) {
      return Waited::kTimedOut;
    }
    if (IsLost()) {
      return Waited::kLost;
    }
  }
}

// A program that sent something and closed its socket has as good a right to have it delivered as
// with a connection of its own. One that sent nothing has given up; unless it only said that
// nothing will come.
bool BackgroundSurroundings::IsProgramGone(short events) {
  if ((events & (POLLERR | POLLHUP)) != 0) {
    return true;
  }
  half_closed_ = half_closed_ || (events & POLLRDHUP) != 0;
  int unread = 0;
  if (!half_closed_ || ioctl(program_, FIONREAD, &unread) != 0 || unread > 0) {
    return false;
  }
  const Holder holder = HolderOfPeer(program_);
  return holder != Holder::kSomebody && holder != Holder::kElsewhere;
}

int BackgroundSurroundings::Resolve(std::string_view name, std::span<base::IpAddress> out,
                                    int64_t deadline_ms, engine::Doubt* doubt) {
  set_doubt(doubt);
  const errand::HostLookup lookup(name);
  while (!lookup.done()) {
    if (const int error = ErrorOf(Wait(lookup.fd(), POLLIN, deadline_ms)); error != 0) {
      return error;
    }
  }
  return lookup.Take(out);
}

int BackgroundSurroundings::Replace(int fd, int domain) {
  auto made = MakeFarSocket(domain, fd);
  if (!made.ok()) {
    return -made.error().code;
  }
  replacement_ = std::move(made.value());
  return replacement_.get();
}

}  // namespace supervisor
