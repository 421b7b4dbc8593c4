// sendto(2) with an address, and the sends that connect (MSG_FASTOPEN).
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/text.h"
#include "engine/connector.h"
#include "engine/socket_copy.h"
#include "supervisor/handlers.h"

namespace supervisor {
namespace {

// As much as one call carries: a datagram has no more, and a stream takes the rest later.
constexpr size_t kMaxData = 65536;
constexpr size_t kMaxPieces = 64;

// Where the data of a send lies in the program's memory.
struct Pieces {
  std::array<iovec, kMaxPieces> list{};
  size_t count = 0;
};

struct Send {
  int fd = -1;
  int flags = 0;
  Destination destination;
  Pieces pieces;
};

// 0, or -errno.
int ReadData(const Caller& caller, const Pieces& pieces, std::vector<uint8_t>* out) {
  for (size_t i = 0; i < pieces.count && out->size() < kMaxData; ++i) {
    const iovec& piece = pieces.list[i];
    const size_t at = out->size();
    out->resize(at + std::min(piece.iov_len, kMaxData - at));
    if (const int result =
            caller.Read(reinterpret_cast<uint64_t>(piece.iov_base), std::span(*out).subspan(at));
        result < 0) {
      return result;
    }
  }
  return 0;
}

// False: the call has been answered.
bool GetData(Services& services, Call& call, Caller& caller, const Pieces& pieces,
             std::vector<uint8_t>* out) {
  if (const int result = ReadData(caller, pieces, out); result < 0) {
    AnswerFailure(call, ReadFailure(services, caller, result));
    return false;
  }
  if (!call.IsAlive()) {
    call.Release();
    return false;
  }
  return true;
}

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
// program keeps its socket; only a supervisor with CAP_NET_RAW can. False: not answered yet.
bool AskByHand(Services& services, Call& call, Caller& caller, const Send& send,
               const ProgramSocket& socket, const base::Endpoint& server) {
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
  std::vector<uint8_t> data;
  if (!local.address().is_v4() || ReadData(caller, send.pieces, &data) < 0 || !call.IsAlive()) {
    return false;
  }
  const auto size = static_cast<int64_t>(data.size());
  if (!services.dns.Ask(std::move(data), local, {server, ReadResolvConf(caller)})) {
    return false;
  }
  call.Return(size);
  return true;
}

// Puts a socket of the quiet network in the place of the program's, and sends the question there.
// The program goes on with it: it receives the answer on it, and asks again.
void AskInQuietNetwork(Services& services, Call& call, Caller& caller, const Send& send,
                       const ProgramSocket& socket, const base::Endpoint& server) {
  std::vector<uint8_t> data;
  const int descriptor_flags = caller.DescriptorFlags(send.fd);
  if (descriptor_flags < 0) {
    call.Fail(EACCES);
    return;
  }
  if (!GetData(services, call, caller, send.pieces, &data)) {
    return;
  }
  auto made = services.quiet.MakeSocket(socket.domain, descriptor_flags & O_NONBLOCK);
  if (!made.ok()) {
    services.Say(Notice::kNoQuietNetwork, caller);
    call.Fail(EACCES);
    return;
  }
  const int fd = made->get();
  if (socket.fd() >= 0) {
    engine::CopySocketOptions(socket.fd(), fd);
  }
  // A port of its own now: the responder must know it before the question is there.
  if (!BindAnywhere(fd, socket.domain)) {
    call.Fail(EACCES);
    return;
  }
  NoteQuietClient(services, caller, fd, server);
  const int given = call.Give(fd, send.fd, (descriptor_flags & O_CLOEXEC) != 0, false);
  if (given < 0) {
    AnswerFailure(call, given == -ENOENT ? -ESRCH : -EACCES);
    return;
  }
  const long sent =
      sys::Call(SYS_sendto, fd, reinterpret_cast<long>(data.data()), static_cast<long>(data.size()),
                MSG_NOSIGNAL | MSG_DONTWAIT, reinterpret_cast<long>(&send.destination.storage),
                static_cast<long>(send.destination.size));
  struct stat status;
  if (services.store != nullptr && sys::Fstat(fd, &status) == 0) {
    services.store->Drop(socket.inode);
    if (services.store->Keep(status.st_ino, std::move(made.value()))) {
      services.store->HandedOver(status.st_ino);
    }
  }
  call.Finish(sent);
}

void SendQuestion(Services& services, Call& call, Caller& caller, const Send& send,
                  const ProgramSocket& socket, const base::Endpoint& server) {
  if (services.quiet.Owns(socket.inode)) {
    if (socket.fd() >= 0) {
      NoteQuietClient(services, caller, socket.fd(), server);
    }
    call.Continue();  // whatever its memory says by then, nothing leads out of there
    return;
  }
  if (!caller.SharesNetwork()) {
    services.Say(Notice::kOtherNetwork, caller);
    call.Fail(ECONNREFUSED);
    return;
  }
  if (socket.fd() >= 0 && IsConnectedTo(services, socket, server)) {
    std::vector<uint8_t> data;
    if (GetData(services, call, caller, send.pieces, &data)) {
      call.Finish(sys::Send(socket.fd(), data.data(), data.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
    }
    return;
  }
  if (!AskByHand(services, call, caller, send, socket, server)) {
    AskInQuietNetwork(services, call, caller, send, socket, server);
  }
}

void SendDatagram(Services& services, Call& call, Caller& caller, const Send& send,
                  const ProgramSocket& socket, const base::Endpoint& asked) {
  if (asked.port() == kDnsPort) {
    SendQuestion(services, call, caller, send, socket, asked);
    return;
  }
  const bool quiet = services.quiet.Owns(socket.inode);
  if (!quiet && services.PlanFor(asked, caller).pass_through) {
    call.Continue();
    return;
  }
  if (services.log.enabled(engine::LogLevel::kInfo)) {
    std::array<char, 512> buffer;
    std::array<char, base::kMaxEndpointText> text;
    base::TextWriter writer(buffer);
    writer.Append("UDP to ").Append(asked.Text(text)).Append(" blocked [").Append(caller.exe());
    writer.Append(' ').AppendNumber(static_cast<uint64_t>(caller.tgid())).Append(']');
    services.log.Say(engine::LogLevel::kInfo, writer.view());
  }
  call.Fail(EACCES);
}

void SendFirstOnStream(Services& services, Call& call, Caller& caller, Crew::Member& member,
                       const Send& send, const ProgramSocket& socket, const base::Endpoint& asked) {
  if (asked.port() == kDnsPort) {
    call.Fail(EOPNOTSUPP);  // as where fast open is off: the program connects
    return;
  }
  std::vector<uint8_t> data;
  if (!GetData(services, call, caller, send.pieces, &data)) {
    return;
  }
  const FirstData first{data, send.flags};
  ConnectStream(services, call, caller, member, send.fd, socket, asked, &first);
}

void HandleSend(Services& services, Call& call, Caller& caller, Crew::Member& member, Send& send) {
  auto* const address = reinterpret_cast<sockaddr*>(&send.destination.storage);
  if (address->sa_family != AF_INET && address->sa_family != AF_INET6 &&
      address->sa_family != AF_UNSPEC) {
    call.Continue();
    return;
  }
  ProgramSocket socket;
  const int got = GetSocket(services, call, caller, send.fd, &socket);
  if (got == -ENODATA) {
    // Not one of ours, and of an unknown kind. Most likely what the address says.
    socket.domain = address->sa_family == AF_INET6 ? AF_INET6 : AF_INET;
    socket.type = (send.flags & MSG_FASTOPEN) != 0 ? SOCK_STREAM : SOCK_DGRAM;
    socket.protocol = socket.type == SOCK_DGRAM ? IPPROTO_UDP : IPPROTO_TCP;
  } else if (got < 0) {
    AnswerFailure(call, got);
    return;
  }
  if (!socket.is_ip()) {
    call.Continue();
    return;
  }
  if (address->sa_family == AF_UNSPEC) {
    if (socket.domain != AF_INET) {
      call.Continue();  // for IPv6 as good as no address
      return;
    }
    address->sa_family = AF_INET;  // as udp_sendmsg() takes it
  }
  const auto asked = base::Endpoint::FromSockaddr(address, send.destination.size);
  const bool udp = socket.type == SOCK_DGRAM &&
                   (socket.protocol == IPPROTO_UDP || socket.protocol == IPPROTO_UDPLITE);
  const bool opens = socket.type == SOCK_STREAM && (send.flags & MSG_FASTOPEN) != 0;
  if (!asked.has_value() || (!udp && !opens)) {
    call.Continue();  // EINVAL; or raw sockets and ping; or a stream, where the address doesn't
                      // count
  } else if (udp) {
    SendDatagram(services, call, caller, send, socket, *asked);
  } else if (got == -ENODATA) {
    if (services.PlanFor(*asked, caller).pass_through) {
      call.Continue();
    } else {
      services.Say(Notice::kUnknownSocket, caller);
      call.Fail(EACCES);
    }
  } else {
    SendFirstOnStream(services, call, caller, member, send, socket, *asked);
  }
}

}  // namespace

void HandleSendto(Services& services, Call& call, Caller& caller, Crew::Member& member) {
  Send send;
  send.fd = call.int_argument(0);
  send.flags = call.int_argument(3);
  send.pieces.list[0] = {reinterpret_cast<void*>(call.argument(1)), call.argument(2)};
  send.pieces.count = 1;
  if (call.argument(4) == 0) {
    call.Continue();  // MSG_FASTOPEN without an address goes nowhere
    return;
  }
  if (ReadDestination(services, call, caller, call.argument(4), call.argument(5),
                      &send.destination)) {
    HandleSend(services, call, caller, member, send);
  }
}

void HandleSendmsg(Services& services, Call& call, Caller& caller, Crew::Member& member) {
  if (call.data().nr != SYS_sendmsg) {
    call.Fail(EOPNOTSUPP);  // sendmmsg: as where fast open is off
    return;
  }
  msghdr header;
  Send send;
  int result = caller.ReadObject(call.argument(1), &header);
  if (result == 0 && header.msg_name == nullptr) {
    call.Continue();
    return;
  }
  if (result == 0) {
    send.pieces.count = std::min(header.msg_iovlen, kMaxPieces);
    result = caller.Read(
        reinterpret_cast<uint64_t>(header.msg_iov),
        {reinterpret_cast<uint8_t*>(send.pieces.list.data()), send.pieces.count * sizeof(iovec)});
  }
  if (result < 0) {
    AnswerFailure(call, ReadFailure(services, caller, result));
    return;
  }
  send.fd = call.int_argument(0);
  send.flags = call.int_argument(2);
  if (ReadDestination(services, call, caller, reinterpret_cast<uint64_t>(header.msg_name),
                      header.msg_namelen, &send.destination)) {
    HandleSend(services, call, caller, member, send);
  }
}

}  // namespace supervisor
