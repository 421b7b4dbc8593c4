// connect(2).
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/clock.h"
#include "engine/attempt.h"
#include "engine/connector.h"
#include "engine/outside_daemon.h"
#include "engine/ready_request.h"
#include "engine/socket_copy.h"
#include "supervisor/dial_surroundings.h"
#include "supervisor/far_socket.h"
#include "supervisor/handlers.h"
#include "supervisor/name_services.h"
#include "supervisor/quiet_question.h"
#include "supervisor/read_resolv_conf.h"

namespace supervisor {
namespace {

void PassThrough(Services& services, Call& call, uint64_t inode) {
  if (services.store != nullptr) {
    // Kept, it would hold the far end of a connection that is none of ours any more.
    services.store->Drop(inode);
    services.store->ForgetPeer(inode);
  }
  call.Continue();
}

void AskOurselves(Services& services, Call& call, Caller& caller, const ProgramSocket& socket,
                  const base::Endpoint& server) {
  if (!caller.SharesNetwork()) {
    services.Say(Notice::kOtherNetwork, caller);
    call.Fail(ECONNREFUSED);
    return;
  }
  if (ConnectInQuietNetwork(services, call, caller, socket, server)) {
    return;
  }
  base::Endpoint actual;
  const int result = services.dns.Attach(socket.fd(), socket.domain, socket.type,
                                         {server, ReadResolvConf(caller)}, &actual);
  if (result == 0) {
    services.session.peers().Put(socket.inode, actual, server);
    if (services.store != nullptr && socket.type == SOCK_STREAM) {
      services.store->Drop(socket.inode);
    }
  }
  call.Finish(result);
}

void ConnectDatagram(Services& services, Call& call, Caller& caller, const ProgramSocket& socket,
                     const base::Endpoint& asked) {
  const auto judgement = services.JudgeDatagram(asked, caller);
  if (judgement.verdict == engine::DatagramVerdict::kSend) {
    if (socket.type == SOCK_STREAM) {
      PassThrough(services, call, socket.inode);  // SCTP
    } else {
      call.Continue();
    }
    return;
  }
  if (!engine::ConnectSendsNothing(socket.protocol)) {
    services.SayBlocked(engine::LogLevel::kWarn, judgement, socket.protocol, caller);
    call.Fail(EACCES);
    return;
  }
  if (!engine::IsForSorting(asked.port())) {
    services.SayBlocked(engine::LogLevel::kInfo, judgement, socket.protocol, caller);
  }
  // Resolvers do it to sort addresses, and rank this one last.
  call.Fail(ENETUNREACH);
}

// A socket that the supervisor has no hold on can only go where it may go by itself.
void ConnectUnknown(Services& services, Call& call, Caller& caller, uint64_t inode,
                    const base::Endpoint& asked) {
  const auto plan = services.PlanFor(asked, caller);
  if (plan.pass_through && asked.port() != kDnsPort) {
    PassThrough(services, call, inode);
    return;
  }
  if (services.store->Peer(inode).has_value()) {
    // Dialled here before. The kernel would say whether it still is connected, but, where it isn't,
    // would also go on.
    call.Fail(EISCONN);
    return;
  }
  services.Say(Notice::kUnknownSocket, caller);
  call.Fail(EACCES);
}

void ConnectIp(Services& services, Call& call, Caller& caller, Crew::Member& member,
               const Destination& destination) {
  const auto* const address = reinterpret_cast<const sockaddr*>(&destination.storage);
  const auto asked = base::Endpoint::FromSockaddr(address, destination.size);
  if (!asked.has_value()) {
    call.Continue();  // too short: EINVAL
    return;
  }
  const int fd = call.int_argument(0);
  ProgramSocket socket;
  const int got = GetSocket(services, call, caller, fd, &socket);
  if (got == -ENODATA) {
    ConnectUnknown(services, call, caller, socket.inode, *asked);
    return;
  }
  if (got < 0) {
    AnswerFailure(call, got);
    return;
  }
  if (!socket.is_ip()) {
    call.Continue();  // an address of the wrong family, and nothing of the internet's
    return;
  }
  const bool mixed = address->sa_family != socket.domain;
  if (mixed && (socket.domain == AF_INET || socket.is_tcp())) {
    call.Fail(EAFNOSUPPORT);
  } else if (asked->port() == kDnsPort && (socket.is_tcp() || socket.is_udp())) {
    AskOurselves(services, call, caller, socket, *asked);
  } else if (socket.is_tcp()) {
    ConnectStream(services, call, caller, member, fd, socket, *asked, nullptr);
  } else {
    ConnectDatagram(services, call, caller, socket, *asked);
  }
}

// The library asks for a ready connection in the place of its program's socket.
void GiveReady(Services& services, Call& call, Caller& caller,
               const engine::ReadyRequest& request) {
  const int fd = call.int_argument(0);
  ProgramSocket socket;
  if (services.store != nullptr || GetSocket(services, call, caller, fd, &socket) != 0 ||
      socket.type != SOCK_STREAM || socket.protocol != IPPROTO_TCP || IsBound(socket.fd()) ||
      !caller.SharesNetwork()) {
    call.Fail(ENOENT);
    return;
  }
  const int flags = caller.DescriptorFlags(fd);
  auto ready = flags >= 0 ? services.ready.Take(request.proxy, socket.domain) : std::nullopt;
  if (!ready) {
    call.Fail(ENOENT);
    return;
  }
  engine::CopySocketOptions(socket.fd(), ready->socket.get());
  if (call.Give(ready->socket.get(), fd, (flags & O_CLOEXEC) != 0, false) < 0) {
    call.Fail(ENOENT);
    return;
  }
  ready->socket.Reset();
  call.Return(1 + static_cast<int64_t>(ready->method));
}

bool IsReadyRequest(Services& services, const Destination& destination,
                    engine::ReadyRequest* request) {
  if (destination.size != sizeof *request) {
    return false;
  }
  std::memcpy(static_cast<void*>(request), &destination.storage, sizeof *request);
  return request->magic == engine::ReadyRequest::kMagic && request->cookie != 0 &&
         request->cookie == services.session.settings().cookie;
}

void ConnectUnspecified(Services& services, Call& call, Caller& caller,
                        const Destination& destination) {
  if (engine::ReadyRequest request; IsReadyRequest(services, destination, &request)) {
    GiveReady(services, call, caller, request);
    return;
  }
  // The program undoes a connect: a dial that goes on for it must end.
  struct stat status;
  if (!services.dials.empty() && caller.StatDescriptor(call.int_argument(0), &status) == 0) {
    services.dials.GiveUp(status.st_ino);
  }
  call.Continue();
}

uint64_t InodeOf(int fd) {
  struct stat status;
  return sys::Fstat(fd, &status) == 0 ? status.st_ino : 0;
}

int SendFirst(int fd, const FirstData& data) {
  const long sent = sys::Send(fd, data.bytes.data(), data.bytes.size(),
                              (data.flags & ~MSG_FASTOPEN) | MSG_DONTWAIT | MSG_NOSIGNAL);
  return static_cast<int>(sent);
}

// Has the connection carried, if it is of an event loop's: true, and the call is answered.
bool Carried(Services& services, Call& call, Caller& caller, const ProgramSocket& socket,
             const base::Endpoint& asked, const engine::Plan& plan, const FirstData* data) {
  if (!services.carrier.Wants(caller, socket.fd(), plan) || services.dials.Has(socket.inode)) {
    return false;
  }
  if (!call.IsAlive()) {
    call.Release();  // what was looked at may be another thread's
    return true;
  }
  const Carrier::Carried carried = services.carrier.Carry(caller, socket.fd(), socket.domain, plan);
  if (!carried.is_answer) {
    return false;
  }
  int64_t result = carried.result;
  if (carried.is_new) {
    // For the library, where it is in the program all the same; this process has its own table.
    services.session.peers().Put(socket.inode, carried.door, asked);
    if (data != nullptr) {
      result = SendFirst(socket.fd(), *data);
    }
    if (services.store != nullptr) {
      services.store->SetPeer(socket.inode, {asked, socket.domain});
      services.store->Drop(socket.inode);
    }
  }
  call.Finish(result);
  return true;
}

// Passes, with a word where a daemon is asked that gochain doesn't see the connections of.
void ConnectUnix(Services& services, Call& call, Caller& caller, const sockaddr_un& address,
                 socklen_t size) {
  if (IsNameService(caller, address, size)) {
    call.Fail(ECONNREFUSED);  // as if the daemon weren't there
    return;
  }
  std::array<char, sizeof address.sun_path + 1> path{};
  std::memcpy(path.data(), address.sun_path, sizeof address.sun_path);
  if (engine::IsDaemonSocket(path.data()) && caller.Open(path.data(), O_PATH).ok()) {
    engine::WarnOfDaemon(services.session, caller, path.data());
  }
  call.Continue();
}

}  // namespace

void AnswerFailure(Call& call, int error) {
  // A call that died needs no answer, and gets none. One that lives all the same is of a thread
  // that can't be reached (before Linux 6.9: when its process's first thread is gone).
  call.Fail(error == -ESRCH ? EACCES : -error);
}

bool ReadDestination(Services& services, Call& call, Caller& caller, uint64_t address,
                     uint64_t length, Destination* out) {
  // An int for the kernel, which refuses sizes it has no room for before it looks at the address.
  const int size = static_cast<int>(length);
  if (size < 0 || static_cast<size_t>(size) > sizeof out->storage ||
      static_cast<size_t>(size) < sizeof(sa_family_t)) {
    call.Continue();
    return false;
  }
  out->size = static_cast<socklen_t>(size);
  const int result =
      caller.Read(address, {reinterpret_cast<uint8_t*>(&out->storage), static_cast<size_t>(size)});
  if (result < 0) {
    AnswerFailure(call, ReadFailure(services, caller, result));
    return false;
  }
  if (!call.IsAlive()) {
    call.Release();  // what was read may be another thread's
    return false;
  }
  return true;
}

void HandleConnect(Services& services, Call& call, Caller& caller, Crew::Member& member) {
  Destination destination;
  if (!ReadDestination(services, call, caller, call.argument(1), call.argument(2), &destination)) {
    return;
  }
  switch (destination.storage.ss_family) {
    case AF_INET:
    case AF_INET6:
      ConnectIp(services, call, caller, member, destination);
      return;
    case AF_UNIX: {
      sockaddr_un address{};
      std::memcpy(&address, &destination.storage,
                  std::min<size_t>(destination.size, sizeof address));
      ConnectUnix(services, call, caller, address, destination.size);
      return;
    }
    case AF_UNSPEC:
      ConnectUnspecified(services, call, caller, destination);
      return;
    default:
      call.Continue();
  }
}

void ConnectStream(Services& services, Call& call, Caller& caller, Crew::Member& member, int fd,
                   const ProgramSocket& socket, const base::Endpoint& asked,
                   const FirstData* data) {
  const auto plan = services.PlanFor(asked, caller);
  if (plan.pass_through) {
    PassThrough(services, call, socket.inode);
    return;
  }
  if (Carried(services, call, caller, socket, asked, plan, data)) {
    return;
  }
  if (services.store != nullptr) {
    // While the thread surely is there: its end must be seen. Elsewhere that was done already.
    (void)caller.pidfd();
    if (!call.IsAlive()) {
      call.Release();
      return;
    }
  }
  DialRegistry::Entry entry = services.dials.Enter(socket.inode, asked, call.id());
  if (entry.entered == DialRegistry::Entered::kEnding && member.HandOver() &&
      services.dials.AwaitEnd(entry.ticket)) {
    entry = services.dials.Enter(socket.inode, asked, call.id());
  }
  switch (entry.entered) {
    case DialRegistry::Entered::kStarted:
      break;
    case DialRegistry::Entered::kAttached:
      call.Release();
      return;
    case DialRegistry::Entered::kFinished:
      call.Finish(entry.result);
      return;
    case DialRegistry::Entered::kBusy:
    case DialRegistry::Entered::kEnding:
      call.Fail(EALREADY);
      return;
  }
  call.Release();
  DialSurroundings surroundings(services, member, entry.ticket, caller, fd, socket);
  engine::Connector connector(services.session, engine::Door::kSupervise, caller);
  int64_t result = connector.Run(socket.fd(), socket.domain, plan, surroundings);
  const bool up = result == 0;
  const int dialled = surroundings.replacement() ? surroundings.replacement().get() : socket.fd();
  const uint64_t inode = surroundings.replacement() ? InodeOf(dialled) : socket.inode;
  if (up && data != nullptr) {
    result = SendFirst(dialled, *data);
  }
  if (up && services.store != nullptr) {
    services.store->SetPeer(socket.inode, {asked, socket.domain});
  }
  if (services.store == nullptr) {
    call.LetGo();
    surroundings.replacement().Reset();
  }
  const bool fetched = services.dials.Answer(entry.ticket, result) ||
                       (result != -ECANCELED && member.HandOver() &&
                        services.dials.AwaitFetch(entry.ticket, caller.pidfd()));
  if (fetched) {
    if (up && services.store != nullptr) {
      services.store->Drop(socket.inode);
    }
    return;
  }
  if (up) {
    // Nobody knows of this connection: as before the call.
    const uint64_t cookie = services.session.settings().cookie;
    if (services.store != nullptr) {
      engine::Disconnect(dialled, cookie);
      services.store->ForgetPeer(socket.inode);
    } else if (const auto again = caller.TakeDescriptor(fd);
               again.ok() && inode == InodeOf(again.value().get())) {
      engine::Disconnect(again.value().get(), cookie);
    }
  }
  services.dials.Drop(entry.ticket);
}

}  // namespace supervisor
