#include "hooks/connect.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <new>
#include <optional>

#include "base/syscalls.h"
#include "engine/connector.h"
#include "hooks/caller.h"
#include "hooks/cancellation.h"
#include "hooks/daemon.h"
#include "hooks/dns_questions.h"
#include "hooks/dns_sockets.h"
#include "hooks/errno_keeper.h"
#include "hooks/next.h"
#include "hooks/relay_starter.h"
#include "hooks/replacement.h"
#include "hooks/user_memory.h"
#include "loop/guard.h"
#include "loop/riders.h"

namespace hooks {
namespace {

// The kernel's own connect. Without a filter other preloaded libraries get their turn; a supervisor
// that keeps a duplicate of the socket must see the call, to let go of it.
int PlainConnect(const Process& process, int fd, const sockaddr* address, socklen_t length) {
  if (process.cookie() == 0 || process.sockets_trapped()) {
    return FromC(real::connect(fd, address, length));
  }
  const CancellationPoint here;
  return sys::PassingConnect(fd, address, length, process.cookie());
}

// The library doesn't look names up under a supervisor: libc would ask its DNS responder, which
// answers with a made-up address again.
bool NeedsLookup(Process& process, const engine::Plan& plan) {
  if (plan.resolve_here) {
    return true;
  }
  const config::Route route = plan.decision.route;
  const config::Config& config = process.session().config();
  const bool all_at_once = route.kind != config::RouteKind::kChain ||
                           config.chains()[route.index].mode == config::ChainMode::kStrict;
  const size_t hops = config.HopCount(route);
  if (all_at_once && chain::Path::Whole(config, route).NeedsRelay(config)) {
    return false;
  }
  // Of every hop that may be the first; the relay looks its own up.
  for (size_t i = 0; i < (all_at_once ? std::min<size_t>(hops, 1) : hops); ++i) {
    engine::Addresses known;
    if (!config::NeedsRelay(config.HopAt(route, i)) &&
        engine::KnownHopAddresses(process.session(), config.HopIndexAt(route, i), &known) == 0) {
      return true;
    }
  }
  return false;
}

// With TCP_FASTOPEN_CONNECT connect(2) succeeds at once and the first send connects; a handshake
// has to know that there is a connection. The option can't be set again later, and needn't be.
void ConnectForReal(int fd) {
  int deferred = 0;
  socklen_t length = sizeof deferred;
  if (sys::Getsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &deferred, &length) == 0 &&
      deferred != 0) {
    deferred = 0;
    sys::Setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &deferred, sizeof deferred);
  }
}

// The supervisor's duplicate of a socket would keep the far end from seeing the program's close. It
// lets go when it is asked, without cookie, for the peer of a socket that was dialled.
void EndDuplicate(int fd) {
  sockaddr_storage peer;
  socklen_t length = sizeof peer;
  sys::PassingGetpeername(fd, reinterpret_cast<sockaddr*>(&peer), &length, 0);
}

struct DialArguments {
  Process& process;
  int domain;
  const engine::Plan& plan;
  DialInProgress& dial;
};

int RunConnector(void* argument) {
  const auto& [process, domain, plan, dial] = *static_cast<DialArguments*>(argument);
  Caller caller(dial);
  engine::Connector connector(process.session(), engine::Door::kPreload, process);
  return connector.Run(dial.fd, domain, plan, caller);
}

// The process, for the dials that ride on its event loops.
class LoopHost final : public loop::Host {
 public:
  explicit LoopHost(Process& process) : process_(process) {}

  int Resolve(std::string_view name, std::span<base::IpAddress> out, int64_t deadline_ms,
              engine::Doubt* /*doubt*/) override {
    return LookUpHere(name, out, deadline_ms);
  }
  int Replace(int fd, int domain) override { return ReplaceSocket(fd, domain, process_.cookie()); }
  int TakeReady(int fd, int /*domain*/, uint16_t proxy, ReadyHop* out) override {
    return TakeReadySocket(process_, fd, proxy, out);
  }
  bool StartRelay(uint64_t version, engine::FoundRelay* relay, base::Failure* why) override {
    return process_.alone()
               ? FindOrStartRelay(process_.session(), process_.relay_owner(), version, relay, why)
               : Host::StartRelay(version, relay, why);
  }
  void Landed(int fd) override {
    if (process_.sockets_trapped()) {
      EndDuplicate(fd);
    }
  }

 private:
  Process& process_;
};

int ConnectDatagram(Process& process, int fd, const sockaddr* address, socklen_t length,
                    const Destination& destination) {
  const engine::DatagramJudgement judgement = JudgeDatagram(process, destination);
  if (judgement.verdict == engine::DatagramVerdict::kSend) {
    return PlainConnect(process, fd, address, length);
  }
  if (!engine::ConnectSendsNothing(destination.protocol)) {
    SayBlocked(process, engine::LogLevel::kWarn, destination, judgement);
    return -EACCES;
  }
  if (!engine::IsForSorting(destination.endpoint.port())) {
    SayBlocked(process, engine::LogLevel::kInfo, destination, judgement);
  }
  // Programs connect datagram sockets to sort addresses: this one ranks last then.
  return -ENETUNREACH;
}

std::optional<int> Ride(Process& process, int fd, const Destination& destination,
                        const engine::Plan& plan) {
  static constinit std::atomic<LoopHost*> host = nullptr;
  alignas(LoopHost) static constinit std::array<unsigned char, sizeof(LoopHost)> room{};
  if (host.load(std::memory_order_acquire) == nullptr) {
    real::FindAll();
    host.store(new (room.data()) LoopHost(process), std::memory_order_release);
  }
  return loop::Ride({process.session(), process, *host.load(std::memory_order_relaxed), plan, fd,
                     destination.domain});
}

}  // namespace

// A connect on a descriptor whose dial rides. 0: none does any more.
int ConnectAgain(int fd, const sockaddr* address, socklen_t length) {
  if (length >= sizeof(sa_family_t) && IsReadable(address, sizeof(sa_family_t)) &&
      address->sa_family == AF_UNSPEC) {
    loop::GiveUp(fd);
    return 0;
  }
  int error = 0;
  switch (loop::Hear(fd, &error)) {
    case loop::Standing::kNone:
      break;
    case loop::Standing::kDialling:
      return -EALREADY;
    case loop::Standing::kFailed:
      return -error;
  }
  return 0;
}

bool IsLeftToLibc(const Process& process, const Destination& destination) {
  return destination.kind == Destination::Kind::kNotOurs || IsResolving() ||
         process.standing() == Process::Standing::kSteppedBack ||
         // The supervisor has the responder that answers.
         (process.supervised() && destination.endpoint.port() == kDnsPort);
}

engine::DatagramJudgement JudgeDatagram(Process& process, const Destination& destination) {
  if (process.standing() != Process::Standing::kLoopbackOnly) {
    return engine::JudgeDatagram(process.session(), destination.endpoint, process.exe());
  }
  return {.verdict = destination.endpoint.address().IsLoopback()
                         ? engine::DatagramVerdict::kSend
                         : engine::DatagramVerdict::kNoRules,
          .target = destination.endpoint};
}

void SayBlocked(Process& process, engine::LogLevel level, const Destination& destination,
                const engine::DatagramJudgement& judgement) {
  static constinit engine::BlockedDatagrams said;
  said.Say(process.log(), level, {judgement, destination.protocol, process.exe(), process.pid()});
}

int ConnectSocket(int fd, const sockaddr* address, socklen_t length, Riding riding) {
  const Destination destination = DestinationOfConnect(fd, address, length);
  if (destination.kind == Destination::Kind::kNotOurs) {
    const int result = FromC(real::connect(fd, address, length));
    if (result == 0) {
      NoteDaemon(address, length);
    }
    return result;
  }
  Process& process = Process::Get();
  if (IsLeftToLibc(process, destination)) {
    const int result = FromC(real::connect(fd, address, length));
    if (result == 0 && destination.kind == Destination::Kind::kDatagram &&
        destination.endpoint.port() == kDnsPort && !IsResolving()) {
      MarkDnsSocket(fd);
    }
    return result;
  }
  if (IsQuestion(fd, destination)) {
    return ConnectToServer(fd, destination, address, length);
  }
  if (destination.kind == Destination::Kind::kDatagram) {
    return ConnectDatagram(process, fd, address, length, destination);
  }
  if (process.standing() == Process::Standing::kLoopbackOnly) {
    return destination.endpoint.address().IsLoopback() && MayAskByTcp(destination.endpoint)
               ? PlainConnect(process, fd, address, length)
               : -EACCES;
  }
  // It may be another program that was told of it.
  if (names::NameTable::InRange(destination.endpoint.address())) {
    process.ShareTables();
  }
  const engine::Plan plan =
      engine::MakePlan(process.session(), destination.endpoint, process.exe());
  if (plan.decision.route.kind == config::RouteKind::kDirect &&
      !MayAskByTcp(destination.endpoint)) {
    return -ECONNREFUSED;
  }
  if (plan.pass_through) {
    return PlainConnect(process, fd, address, length);
  }
  process.ShareTables();
  if (process.supervised() && NeedsLookup(process, plan)) {
    return FromC(real::connect(fd, address, length));
  }
  ConnectForReal(fd);
  const int flags = sys::Fcntl(fd, F_GETFL);
  const bool blocking = flags >= 0 && (flags & O_NONBLOCK) == 0;
  if (flags >= 0 && !blocking && riding == Riding::kWhereItCan) {
    if (const auto result = Ride(process, fd, destination, plan)) {
      return *result;
    }
  }
  DialInProgress dial{.fd = fd, .cookie = process.cookie(), .blocking = blocking};
  DialArguments arguments{process, destination.domain, plan, dial};
  const int result = RunDial(dial, RunConnector, &arguments);
  if (result == 0 && process.sockets_trapped()) {
    EndDuplicate(fd);
  }
  return result;
}

int Connect(int fd, const sockaddr* address, socklen_t length, Riding riding) {
  if (loop::IsBusy()) {
    if (const int result = ConnectAgain(fd, address, length); result != 0) {
      return result;
    }
  }
  return ConnectSocket(fd, address, length, riding);
}

namespace exported {

int connect(int fd, const sockaddr* address, socklen_t length) {
  return ErrnoKeeper().Return(Connect(fd, address, length, Riding::kWhereItCan));
}

}  // namespace exported
}  // namespace hooks
