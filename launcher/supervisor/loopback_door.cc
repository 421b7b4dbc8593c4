#include "supervisor/loopback_door.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>

#include "base/clock.h"
#include "base/syscalls.h"
#include "engine/attempt.h"

namespace supervisor {
namespace {

using base::Endpoint;
using base::Fd;
using base::IpAddress;

constexpr int kBacklog = 128;
// A connection over loopback is there when its connect returns. Later it is where something drops
// packets on the way.
constexpr int64_t kArrivalMs = 200;
constexpr uint8_t kLoopbackV6[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

std::optional<Endpoint> OwnAddress(int fd) {
  sockaddr_storage storage;
  socklen_t size = sizeof storage;
  auto* const plain = reinterpret_cast<sockaddr*>(&storage);
  return sys::Getsockname(fd, plain, &size) < 0 ? std::nullopt
                                                : Endpoint::FromSockaddr(plain, size);
}

// The next connection of a listener, and who it is from; an invalid one where there is none.
Fd Accept(int listener, std::optional<Endpoint>* peer) {
  sockaddr_storage storage;
  socklen_t size = sizeof storage;
  auto* const plain = reinterpret_cast<sockaddr*>(&storage);
  for (;;) {
    Fd out(accept4(listener, plain, &size, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (out.valid() || (errno != EINTR && errno != ECONNABORTED)) {
      *peer = out.valid() ? Endpoint::FromSockaddr(plain, size) : std::nullopt;
      return out;
    }
  }
}

}  // namespace

bool LoopbackDoor::Listen(const IpAddress& address, Listener* out) {
  const int domain = address.is_v4() ? AF_INET : AF_INET6;
  sockaddr_storage storage;
  const socklen_t size = base::ToSockaddr(address, 0, domain, &storage);
  Fd fd(socket(domain, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd || bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), size) != 0 ||
      listen(fd.get(), kBacklog) != 0) {
    return false;
  }
  const auto at = OwnAddress(fd.get());
  if (!at) {
    return false;
  }
  *out = {std::move(fd), *at};
  return true;
}

bool LoopbackDoor::Open() {
  (void)Listen(IpAddress::V6Bytes(kLoopbackV6), &v6_);
  return Listen(IpAddress::V4(INADDR_LOOPBACK), &v4_);
}

void LoopbackDoor::WatchBy(SpliceLoop& loop) {
  for (const Listener* const listener : {&v4_, &v6_}) {
    if (listener->fd) {
      loop.Watch(listener->fd.get(), *this);
    }
  }
}

bool LoopbackDoor::IsAt(const Endpoint& endpoint) const {
  return (v4_.fd && v4_.at == endpoint) || (v6_.fd && v6_.at == endpoint);
}

bool LoopbackDoor::IsOutOfReach(int result) {
  switch (-result) {
    case EACCES:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
    case EAGAIN:
    case EHOSTUNREACH:
    case EINVAL:
    case ENETUNREACH:
    case EPERM:
      return true;
    default:
      return false;
  }
}

LoopbackDoor::Joined LoopbackDoor::Join(int socket, int domain, uint64_t cookie) {
  const std::lock_guard lock(mutex_);
  // A socket of IPv6 gets to ::1 whatever its options; to 127.0.0.1 unless it is for IPv6 only.
  Joined joined{-EAFNOSUPPORT, {}, {}, 0};
  if (domain == AF_INET6 && v6_.fd) {
    joined = JoinAt(v6_, socket, domain, cookie);
  }
  if (!joined.end && IsOutOfReach(joined.result)) {
    joined = JoinAt(v4_, socket, domain, cookie);
  }
  return joined;
}

// REQUIRES: mutex_ is held, so that nobody else accepts the connection.
LoopbackDoor::Joined LoopbackDoor::JoinAt(const Listener& listener, int socket, int domain,
                                          uint64_t cookie) {
  sockaddr_storage storage;
  const socklen_t size =
      base::ToSockaddr(listener.at.address(), listener.at.port(), domain, &storage);
  Joined out{-EAFNOSUPPORT, {}, listener.at, 0};
  if (size == 0) {
    return out;
  }
  TurnAway(listener);  // a full queue would drop the program's connection
  out.result =
      sys::PassingConnect(socket, reinterpret_cast<const sockaddr*>(&storage), size, cookie);
  if (out.result != 0 && out.result != -EINPROGRESS) {
    return out;
  }
  if (const auto program = OwnAddress(socket)) {
    out.end = Await(listener, *program);
    out.port = program->port();
  }
  if (!out.end) {
    engine::Disconnect(socket, cookie);
    out.result = -ENETUNREACH;
  }
  return out;
}

// REQUIRES: mutex_ is held
Fd LoopbackDoor::Await(const Listener& listener, const Endpoint& program) {
  const int64_t until_ms = base::NowMs() + kArrivalMs;
  for (;;) {
    std::optional<Endpoint> peer;
    Fd end = Accept(listener.fd.get(), &peer);
    if (end.valid()) {
      // Two connections to this door can't have the same addresses at one time, so this is ours.
      if (peer == program) {
        return end;
      }
      CloseWithReset(std::move(end));
      continue;
    }
    const int64_t left_ms = until_ms - base::NowMs();
    pollfd arrival{listener.fd.get(), POLLIN, 0};
    if (errno != EAGAIN || left_ms <= 0 || sys::Poll(&arrival, 1, static_cast<int>(left_ms)) == 0) {
      return {};
    }
  }
}

// REQUIRES: mutex_ is held
void LoopbackDoor::TurnAway(const Listener& listener) {
  std::optional<Endpoint> peer;
  while (Fd stranger = Accept(listener.fd.get(), &peer)) {
    CloseWithReset(std::move(stranger));
  }
}

void LoopbackDoor::Readable() {
  const std::lock_guard lock(mutex_);
  for (const Listener* const listener : {&v4_, &v6_}) {
    if (listener->fd) {
      TurnAway(*listener);
    }
  }
}

}  // namespace supervisor
