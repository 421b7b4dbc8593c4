#include "listener/listener.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "base/syscalls.h"
#include "engine/event_log.h"
#include "engine/plan.h"
#include "listener/reply.h"
#include "supervisor/await_none.h"
#include "supervisor/descriptor_limit.h"
#include "supervisor/socket_holder.h"

namespace listener {
namespace {

// As deep as the kernel lets it be.
constexpr int kBacklog = 4096;
// What connections leave to dials, names and pipes.
constexpr rlim_t kOwnDescriptors = 512;

size_t CapacityWithin(rlim_t limit) {
  // Each connection has two descriptors.
  return static_cast<size_t>((limit - std::min(kOwnDescriptors, limit / 2)) / 2);
}

void AskWhetherAlive(int fd) {
  constexpr int kIdleSeconds = 60;
  constexpr int kEverySeconds = 30;
  const int on = 1;
  sys::Setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &kIdleSeconds, sizeof kIdleSeconds);
  sys::Setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &kEverySeconds, sizeof kEverySeconds);
  sys::Setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

bool SendAll(int fd, const std::string& bytes) {
  return sys::Send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) ==
         static_cast<long>(bytes.size());
}

}  // namespace

struct Listener::Job final : supervisor::BackgroundDials::Job {
  Request request;
};

base::Result<base::Fd> Listen(const base::Endpoint& at) {
  const int domain = at.address().is_v4() ? AF_INET : AF_INET6;
  sockaddr_storage storage;
  const socklen_t size = base::ToSockaddr(at.address(), at.port(), domain, &storage);
  base::Fd out(socket(domain, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!out) {
    return base::Error{errno, "socket"};
  }
  // The port of a listener that ended a moment ago.
  const int on = 1;
  sys::Setsockopt(out.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(out.get(), reinterpret_cast<const sockaddr*>(&storage), size) != 0) {
    return base::Error{errno, "bind"};
  }
  if (listen(out.get(), kBacklog) != 0) {
    return base::Error{errno, "listen"};
  }
  return out;
}

base::Endpoint AddressOf(int socket) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* const plain = reinterpret_cast<sockaddr*>(&storage);
  const bool known = sys::Getsockname(socket, plain, &size) == 0;
  return base::Endpoint::FromSockaddr(plain, known ? size : 0).value_or(base::Endpoint());
}

Listener::Listener(engine::Session& session, base::Fd socket, const Options& options)
    : session_(session),
      options_(options),
      clients_(std::move(socket), *this, options.patience),
      dials_(session, engine::Door::kListen, *this) {}

Listener::~Listener() { clients_.Stop(); }

bool Listener::Start() {
  capacity_ = CapacityWithin(supervisor::RaiseDescriptorLimit());
  return loop_.Start() && clients_.Start();
}

bool Listener::AwaitEnd(int64_t timeout_ms) {
  return supervisor::AwaitNone(timeout_ms, [this] { return Connections(); });
}

bool Listener::Admits(int client) {
  return !options_.own_user_only || !supervisor::IsOfAnotherUser(client);
}

bool Listener::HasRoom(size_t heard) { return Connections() + heard < capacity_; }

void Listener::Requested(base::Fd client, Request request) {
  auto job = std::make_unique<Job>();
  job->plan = engine::MakePlanAsked(session_, request.target, {});
  const base::Endpoint& destination = job->plan.destination();
  const bool is_v6 = !destination.is_name() && !destination.address().is_v4();
  job->domain = is_v6 ? AF_INET6 : AF_INET;
  const int far =
      sys::PassingSocket(job->domain, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP, 0);
  if (far < 0) {
    engine::EventLog(session_.settings(), nullptr)
        .Say(engine::LogLevel::kWarn, fmt::format("cannot make a socket: {}", strerror(-far)));
    Refuse(std::move(client), request, base::FromConnectErrno(-far));
    return;
  }
  job->program = std::move(client);
  job->far.Reset(far);
  job->request = std::move(request);
  dials_.Add(std::move(job));
}

void Listener::Dialled(std::unique_ptr<supervisor::BackgroundDials::Job> job, int result,
                       const base::Failure& failure) {
  auto& own = static_cast<Job&>(*job);
  if (result != 0) {
    Refuse(std::move(own.program), own.request, failure);
    return;
  }
  if (!SendAll(own.program.get(), AcceptedReply(own.request))) {
    return;
  }
  // Those of the programs themselves go no further than here.
  AskWhetherAlive(own.program.get());
  AskWhetherAlive(own.far.get());
  supervisor::Splice::Opening opening;
  if (own.request.protocol == Protocol::kHttp) {
    opening.first = std::move(own.request.head);
    opening.gate = std::make_unique<HttpBody>(own.request.body);
  }
  loop_.Add(std::move(own.program), std::move(own.far), std::move(opening));
}

void Listener::Refuse(base::Fd client, const Request& request, const base::Failure& failure) {
  if (SendAll(client.get(), FailedReply(request, failure))) {
    clients_.Dismiss(std::move(client));
  }
}

}  // namespace listener
