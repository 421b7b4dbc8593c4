// DNS questions that a program sends to an address, from a socket that isn't connected.
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <vector>

#include "engine/socket_copy.h"
#include "supervisor/outgoing.h"
#include "supervisor/read_resolv_conf.h"

namespace supervisor {
namespace {

base::Endpoint LocalEnd(int fd) {
  sockaddr_storage address;
  socklen_t size = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  if (sys::Getsockname(fd, plain, &size) < 0) {
    return {};
  }
  return base::Endpoint::FromSockaddr(plain, size).value_or(base::Endpoint());
}

// As sendto(2) on an unbound socket does.
bool BindAnywhere(int fd, int domain) {
  sockaddr_storage any{};
  any.ss_family = static_cast<sa_family_t>(domain);
  return bind(fd, reinterpret_cast<sockaddr*>(&any),
              domain == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in)) == 0;
}

void NoteQuietClient(Services& services, Caller& caller, int fd, const base::Endpoint& server) {
  services.dns.clients().Put(
      server.address().is_v4() ? DnsClients::Kind::kQuietV4 : DnsClients::Kind::kQuietV6,
      LocalEnd(fd).port(), {server, ReadResolvConf(caller)});
}

bool IsConnectedTo(Services& services, const ProgramSocket& socket, const base::Endpoint& server) {
  sockaddr_storage address;
  socklen_t size = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  if (sys::PassingGetpeername(socket.fd(), plain, &size, 0) < 0) {
    return false;
  }
  const auto actual = base::Endpoint::FromSockaddr(plain, size);
  return actual.has_value() && services.session.peers().Find(socket.inode, *actual) == server;
}

// Hands the question to the responder, whose answer will come from the server's own address. The
// program keeps its socket; only a supervisor with CAP_NET_RAW can.
bool AskByHand(Services& services, Caller& caller, const ProgramSocket& socket,
               const base::Endpoint& server, const std::vector<uint8_t>& question) {
  if (socket.fd() < 0 || !server.address().is_v4()) {
    return false;
  }
  base::Endpoint local = LocalEnd(socket.fd());
  if (local.port() == 0) {
    if (!BindAnywhere(socket.fd(), socket.domain)) {
      return false;
    }
    local = LocalEnd(socket.fd());
  }
  if (local.address().IsAny()) {
    local = base::Endpoint(base::IpAddress::V4(INADDR_LOOPBACK), local.port());
  }
  return local.address().is_v4() &&
         services.dns.Ask(question, local, {server, ReadResolvConf(caller)});
}

// Puts a socket of the quiet network in the place of the program's, and sends the question there.
// The program goes on with it: it receives the answer on it, and asks again.
Outcome AskInQuietNetwork(Services& services, Call& call, Caller& caller, const Outgoing& message,
                          const ProgramSocket& socket, const base::Endpoint& server,
                          const std::vector<uint8_t>& question) {
  const int descriptor_flags = caller.DescriptorFlags(message.fd);
  if (descriptor_flags < 0) {
    return Outcome::Of(-EACCES);
  }
  auto made = services.quiet.MakeSocket(socket.domain, descriptor_flags & O_NONBLOCK);
  if (!made.ok()) {
    services.Say(Notice::kNoQuietNetwork, caller);
    return Outcome::Of(-EACCES);
  }
  const int fd = made->get();
  if (socket.fd() >= 0) {
    engine::CopySocketOptions(socket.fd(), fd);
  }
  // A port of its own now: the responder must know it before the question is there.
  if (!BindAnywhere(fd, socket.domain)) {
    return Outcome::Of(-EACCES);
  }
  NoteQuietClient(services, caller, fd, server);
  if (call.Give(fd, message.fd, (descriptor_flags & O_CLOEXEC) != 0, false) < 0) {
    return Outcome::Of(-EACCES);  // or it is dead, and the answer is for nobody
  }
  const long sent = sys::Call(SYS_sendto, fd, reinterpret_cast<long>(question.data()),
                              static_cast<long>(question.size()), MSG_NOSIGNAL | MSG_DONTWAIT,
                              reinterpret_cast<long>(&message.destination.storage),
                              static_cast<long>(message.destination.size));
  struct stat status;
  if (services.store != nullptr && sys::Fstat(fd, &status) == 0) {
    services.store->Drop(socket.inode);
    if (services.store->Keep(status.st_ino, std::move(made.value()))) {
      services.store->HandedOver(status.st_ino);
    }
  }
  return Outcome::Of(sent);
}

}  // namespace

Outcome SendQuestion(Services& services, Call& call, Caller& caller, Crew::Member& member,
                     const Outgoing& message, const ProgramSocket& socket,
                     const base::Endpoint& server) {
  if (services.quiet.Owns(socket.inode)) {
    if (socket.fd() < 0) {
      return Outcome::Continue();  // whatever its memory says by then, nothing leads out of there
    }
    NoteQuietClient(services, caller, socket.fd(), server);
    return SendCopy(services, call, caller, member, message, socket);
  }
  if (!caller.SharesNetwork()) {
    services.Say(Notice::kOtherNetwork, caller);
    return Outcome::Of(-ECONNREFUSED);
  }
  std::vector<uint8_t> question;
  if (const int result = ReadData(caller, message, &question); result < 0) {
    return Outcome::Of(ReadFailure(services, caller, result));
  }
  if (!call.IsAlive()) {
    call.Release();
    return Outcome::Answered();
  }
  if (socket.fd() >= 0 && IsConnectedTo(services, socket, server)) {
    return Outcome::Of(
        sys::Send(socket.fd(), question.data(), question.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
  }
  if (AskByHand(services, caller, socket, server, question)) {
    return Outcome::Of(static_cast<int64_t>(question.size()));
  }
  return AskInQuietNetwork(services, call, caller, message, socket, server, question);
}

}  // namespace supervisor
