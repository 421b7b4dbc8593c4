#include "supervisor/carrier.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <utility>

#include "base/syscalls.h"
#include "supervisor/await_none.h"
#include "supervisor/far_socket.h"

namespace supervisor {
namespace {

// Descriptors of this process that connections leave to dials, names and pipes.
constexpr rlim_t kOwnDescriptors = 512;

// The state of a TCP connection as tcp(7) counts them, or -1.
int TcpState(int fd) {
  tcp_info info;
  socklen_t size = sizeof info;
  return sys::Getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? info.tcpi_state : -1;
}

bool IsConnectedTo(const LoopbackDoor& door, int socket) {
  sockaddr_storage storage;
  socklen_t size = sizeof storage;
  auto* const plain = reinterpret_cast<sockaddr*>(&storage);
  const auto peer = getpeername(socket, plain, &size) == 0
                        ? base::Endpoint::FromSockaddr(plain, size)
                        : std::nullopt;
  return peer && door.IsAt(*peer);
}

// What the kernel says to a connect of a socket that was connected before: that it is up, was
// already, or why it failed. -EINVAL for one that wasn't: the address is too short, which is looked
// at last. See inet_stream_connect() of the kernel.
int AnswerToRepeated(int socket, int domain, uint64_t cookie) {
  sockaddr none{};
  none.sa_family = static_cast<sa_family_t>(domain);
  return sys::PassingConnect(socket, &none, sizeof none.sa_family, cookie);
}

// Each connection has two descriptors.
size_t Capacity() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return 0;
  }
  const rlim_t own = std::min(kOwnDescriptors, limit.rlim_cur / 2);
  return static_cast<size_t>((limit.rlim_cur - own) / 2);
}

}  // namespace

void Carrier::ToLoop::Dialled(std::unique_ptr<BackgroundDials::Job> job, int result,
                              const base::Failure& /*failure*/) {
  if (result == 0) {
    loop_.Add(std::move(job->program), std::move(job->far));
  } else {
    CloseWithReset(std::move(job->program));
  }
}

bool Carrier::Wants(Caller& caller, int socket, const engine::Plan& plan) {
  const config::Connect connect = session_.config().globals().connect;
  if (connect == config::Connect::kDirect ||
      (plan.decision.route.kind == config::RouteKind::kReject && !plan.resolve_here)) {
    return false;
  }
  const int flags = sys::Fcntl(socket, F_GETFL);
  if (flags < 0 || (flags & O_NONBLOCK) == 0 || programs_.IsGo(caller.tid())) {
    return false;
  }
  return (connect == config::Connect::kRelay || programs_.HasEpollSet(caller.tid())) &&
         caller.SharesNetwork() && IsOpen();
}

bool Carrier::IsOpen() {
  const std::lock_guard lock(mutex_);
  if (state_ == State::kClosed) {
    const bool open = door_.Open() && loop_.Start();
    capacity_ = Capacity();
    if (open) {
      door_.WatchBy(loop_);
    }
    state_ = open ? State::kOpen : State::kFailed;
  }
  return state_ == State::kOpen;
}

Carrier::Carried Carrier::Carry(Caller& caller, int socket, int domain, const engine::Plan& plan) {
  Carried out;
  const int state = TcpState(socket);
  if (state < 0 || (state != TCP_CLOSE && !IsConnectedTo(door_, socket))) {
    return out;
  }
  if (const int said = AnswerToRepeated(socket, domain, session_.settings().cookie);
      said != -EINVAL) {
    out.is_answer = true;
    out.result = said;
    return out;
  }
  if (state != TCP_CLOSE || Connections() >= capacity_ || IsBound(socket)) {
    return out;
  }
  auto far = MakeFarSocket(domain, socket);
  if (!far.ok()) {
    return out;
  }
  auto joined = door_.Join(socket, domain, session_.settings().cookie);
  if (!joined.end) {
    out.is_answer = !LoopbackDoor::IsOutOfReach(joined.result);
    out.result = joined.result;
    return out;
  }
  AskedAt(joined.door).Put(joined.port, plan.asked);
  auto job = std::make_unique<BackgroundDials::Job>();
  job->plan = plan;
  job->pid = caller.pid();
  job->exe = std::string(caller.exe());
  job->program = std::move(joined.end);
  job->far = std::move(far.value());
  job->domain = domain;
  dials_.Add(std::move(job));
  return {.is_answer = true, .result = joined.result, .is_new = true, .door = joined.door};
}

std::optional<base::Endpoint> Carrier::Asked(int socket, const base::Endpoint& peer) {
  sockaddr_storage storage;
  socklen_t size = sizeof storage;
  auto* const plain = reinterpret_cast<sockaddr*>(&storage);
  if (state_ != State::kOpen || !door_.IsAt(peer) || sys::Getsockname(socket, plain, &size) < 0) {
    return std::nullopt;
  }
  const auto own = base::Endpoint::FromSockaddr(plain, size);
  return own ? AskedAt(peer).Find(own->port()) : std::nullopt;
}

size_t Carrier::Connections() { return dials_.size() + loop_.size(); }

bool Carrier::AwaitEnd(int64_t timeout_ms) {
  return AwaitNone(timeout_ms, [this] { return Connections(); });
}

}  // namespace supervisor
