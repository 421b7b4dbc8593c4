#include "supervisor/dial_surroundings.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "base/clock.h"
#include "base/syscalls.h"
#include "engine/socket_copy.h"
#include "errand/host_lookup.h"
#include "supervisor/far_socket.h"

namespace supervisor {
namespace {

// How often a waiting dial looks whether it is still wanted.
constexpr int64_t kSliceMs = 100;
// A connect to a proxy nearby is done by then, and no other thread was woken for it.
constexpr int64_t kFirstTickMs = 2;
constexpr int64_t kNever = INT64_MAX;

int64_t SendTimeoutMs(int fd) {
  timeval timeout{};
  socklen_t length = sizeof timeout;
  if (sys::Getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, &length) != 0) {
    return 0;
  }
  return timeout.tv_sec * 1000 + (timeout.tv_usec + 999) / 1000;
}

// As Connect() says it.
int ErrorOf(DialSurroundings::Waited waited) {
  using Waited = DialSurroundings::Waited;
  switch (waited) {
    case Waited::kReady:
      return 0;
    case Waited::kTimedOut:
      return -ETIMEDOUT;
    case Waited::kProgramTimedOut:
      return -EINPROGRESS;
    case Waited::kLost:
      return -ECONNABORTED;
    case Waited::kInterrupted:
    case Waited::kAbandoned:
      break;
  }
  return -ECANCELED;
}

}  // namespace

DialSurroundings::DialSurroundings(Services& services, Crew::Member& member,
                                   DialRegistry::Ticket ticket, Caller& caller, int program_fd,
                                   const ProgramSocket& socket)
    : services_(services),
      member_(member),
      ticket_(std::move(ticket)),
      caller_(caller),
      program_fd_(program_fd),
      protocol_(socket.protocol),
      cookie_(services.session.settings().cookie),
      blocking_((sys::Fcntl(socket.fd(), F_GETFL) & O_NONBLOCK) == 0),
      program_deadline_ms_(kNever) {
  if (blocking_) {
    // connect(2) obeys it, see socket(7).
    if (const int64_t timeout_ms = SendTimeoutMs(socket.fd()); timeout_ms > 0) {
      program_deadline_ms_ = base::NowMs() + timeout_ms;
    }
  }
}

int DialSurroundings::Verdict(int64_t deadline_ms) {
  const int64_t now_ms = base::NowMs();
  if (!services_.dials.IsWanted(ticket_, now_ms)) {
    return -ECANCELED;
  }
  pollfd gone{caller_.pidfd(), POLLIN, 0};
  if (gone.fd >= 0 && sys::Poll(&gone, 1, 0) > 0) {
    return -ECANCELED;
  }
  if (now_ms >= program_deadline_ms_) {
    return -EINPROGRESS;
  }
  if (now_ms >= deadline_ms) {
    return -ETIMEDOUT;
  }
  return IsLost() ? -ECONNABORTED : 0;
}

int DialSurroundings::Connect(int fd, const sockaddr* address, socklen_t length,
                              int64_t deadline_ms) {
  if (blocking_) {
    return ConnectBlocking(fd, address, length, deadline_ms);
  }
  int result = sys::PassingConnect(fd, address, length, cookie_);
  while (result == -EINTR) {
    result = sys::PassingConnect(fd, address, length, cookie_);
  }
  if (result != -EINPROGRESS) {
    return result;
  }
  const int error = ErrorOf(Wait(fd, POLLOUT, deadline_ms));
  return error != 0 ? error : sys::PendingError(fd);
}

int DialSurroundings::ConnectBlocking(int fd, const sockaddr* address, socklen_t length,
                                      int64_t deadline_ms) {
  if (!member_.ticker().Start(kFirstTickMs, kSliceMs)) {
    return -EAGAIN;
  }
  bool begun = false;
  int result;
  for (;;) {
    result = sys::PassingConnect(fd, address, length, cookie_);
    if (begun && result == -EISCONN) {
      result = 0;
    }
    if (result != -EINTR) {
      break;
    }
    begun = true;  // the connect goes on in the kernel, and the next call waits for it again
    member_.HandOver();
    if (const int verdict = Verdict(deadline_ms); verdict != 0) {
      result = verdict;
      break;
    }
  }
  member_.ticker().Stop();
  return result;
}

DialSurroundings::Waited DialSurroundings::Wait(int fd, short events, int64_t deadline_ms) {
  for (;;) {
    const int64_t left_ms = std::min(deadline_ms, program_deadline_ms_) - base::NowMs();
    pollfd watched[] = {
        {fd, events, 0}, {caller_.pidfd(), POLLIN, 0}, {member_.watched(), POLLIN, 0}};
    const int ready =
        sys::Poll(watched, 3, static_cast<int>(std::clamp<int64_t>(left_ms, 0, kSliceMs)));
    if (ready > 0 && watched[0].revents != 0) {
      return Waited::kReady;
    }
    if (ready > 0 && watched[2].revents != 0 && !member_.HandOver()) {
      // No thread is left to lead: the others wait, and this one must not spin.
      sys::Poll(nullptr, 0, 1);
    }
    if (ready > 0 && watched[1].revents == 0) {
      continue;
    }
    switch (Verdict(deadline_ms)) {
      case 0:
        break;
      case -ETIMEDOUT:
        return Waited::kTimedOut;
      case -EINPROGRESS:
        return Waited::kProgramTimedOut;
      case -ECONNABORTED:
        return Waited::kLost;
      default:
        return Waited::kAbandoned;
    }
  }
}

int DialSurroundings::Resolve(std::string_view name, std::span<base::IpAddress> out,
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

int DialSurroundings::Replace(int fd, int domain) {
  const int type = SOCK_STREAM | SOCK_CLOEXEC | (blocking_ ? 0 : SOCK_NONBLOCK);
  const int made = sys::PassingSocket(domain, type, 0, cookie_);
  return made < 0 ? made : PutInPlace(fd, base::Fd(made));
}

// Go registers a socket with its poller after it has connected, so that another may take its place.
bool DialSurroundings::TakesReady(int socket) {
  return services_.store == nullptr && protocol_ == IPPROTO_TCP &&
         services_.carrier.IsGo(caller_) && !IsBound(socket);
}

int DialSurroundings::TakeReady(int fd, int domain, uint16_t proxy, ReadyHop* out) {
  auto ready = TakesReady(fd) ? services_.ready.Take(proxy, domain) : std::nullopt;
  if (!ready) {
    return -ENOENT;
  }
  out->greeted = ready->method;
  return PutInPlace(fd, std::move(ready->socket));
}

int DialSurroundings::PutInPlace(int fd, base::Fd socket) {
  if (!caller_.SharesNetwork()) {
    return -ENETUNREACH;
  }
  const int flags = caller_.DescriptorFlags(program_fd_);
  if (flags < 0) {
    return -EACCES;
  }
  engine::CopySocketOptions(fd, socket.get());
  seccomp_notif_addfd request{};
  request.id = services_.dials.CurrentId(ticket_);
  request.flags = SECCOMP_ADDFD_FLAG_SETFD;
  request.srcfd = static_cast<uint32_t>(socket.get());
  request.newfd = static_cast<uint32_t>(program_fd_);
  request.newfd_flags = (flags & O_CLOEXEC) != 0 ? O_CLOEXEC : 0;
  const int given = services_.notifier.AddFd(request);
  if (given < 0) {
    return given == -ENOENT ? -ECANCELED : given;
  }
  struct stat status;
  if (sys::Fstat(socket.get(), &status) == 0) {
    services_.dials.Move(ticket_, status.st_ino);
  }
  replacement_ = std::move(socket);
  return replacement_.get();
}

}  // namespace supervisor
