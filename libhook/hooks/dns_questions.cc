#include "hooks/dns_questions.h"

#include <netinet/in.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "base/fd.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "engine/lookup.h"
#include "hooks/dns_policy.h"
#include "hooks/dns_sockets.h"
#include "hooks/next.h"
#include "hooks/process.h"
#include "hooks/user_memory.h"

namespace hooks {
namespace {

using Verdict = engine::DnsPolicy::Verdict;

// More than any question has.
constexpr size_t kMaxQuestion = 1232;
// Loopback delivers in the call that sends, or a moment later.
constexpr int kDeliveryMs = 50;

struct SocketAddress {
  SocketAddress() = default;
  SocketAddress(const base::IpAddress& address, uint16_t port, int domain)
      : size(base::ToSockaddr(address, port, domain, &storage)) {}

  sockaddr* plain() { return reinterpret_cast<sockaddr*>(&storage); }
  std::optional<base::Endpoint> endpoint() { return base::Endpoint::FromSockaddr(plain(), size); }

  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
};

int Option(int fd, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  return sys::Getsockopt(fd, SOL_SOCKET, name, &value, &length) == 0 ? value : -1;
}

bool IsUdp(int fd) {
  const int domain = Option(fd, SO_DOMAIN);
  return (domain == AF_INET || domain == AF_INET6) && Option(fd, SO_TYPE) == SOCK_DGRAM &&
         Option(fd, SO_PROTOCOL) == IPPROTO_UDP;
}

long Bind(int fd, SocketAddress address) {
  return sys::Call(SYS_bind, fd, reinterpret_cast<long>(address.plain()), address.size);
}

// Where `fd` receives; as sendto(2) would, it gets a port where it has none.
std::optional<base::Endpoint> LocalEnd(int fd, int domain) {
  for (const bool bound : {false, true}) {
    SocketAddress local;
    if (sys::Getsockname(fd, local.plain(), &local.size) < 0) {
      return std::nullopt;
    }
    const auto endpoint = local.endpoint();
    if (!endpoint || endpoint->port() != 0 || bound) {
      return endpoint;
    }
    SocketAddress any;
    any.storage.ss_family = static_cast<sa_family_t>(domain);
    any.size = domain == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
    if (Bind(fd, any) < 0) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

// Puts `answer` where the program will receive it, from an address that ReceiveAnswer() takes for
// `server`. False: it can't be done with this socket.
bool Deliver(int fd, const base::IpAddress& server, std::span<const uint8_t> answer) {
  const int domain = Option(fd, SO_DOMAIN);
  const auto peer = KernelPeer(fd);
  const auto local = LocalEnd(fd, domain);
  if (!local) {
    return false;
  }
  const bool v4 = local->address().is_v4() || local->address().IsAny();
  // From ::1 it is known by not being the peer.
  const auto from =
      v4 ? AnswerAddressOf(server) : base::IpAddress::V6Bytes(in6addr_loopback.s6_addr);
  if (!from || (!v4 && !peer)) {
    return false;
  }
  const base::IpAddress to =
      local->address().IsAny() ? base::IpAddress::V4(INADDR_LOOPBACK) : local->address();
  const int own_domain = v4 ? AF_INET : AF_INET6;
  const base::Fd own(sys::PassingSocket(own_domain, SOCK_DGRAM | SOCK_CLOEXEC, 0, 0));
  SocketAddress source;
  if (!own.valid() || Bind(own.get(), {*from, 0, own_domain}) < 0 ||
      sys::Getsockname(own.get(), source.plain(), &source.size) < 0) {
    return false;
  }
  // A connected socket receives from its peer alone. What has come from there by now stays.
  if (peer) {
    SocketAddress meanwhile(*from, source.endpoint()->port(), domain);
    if (meanwhile.size == 0 || sys::PassingConnect(fd, meanwhile.plain(), meanwhile.size, 0) < 0) {
      return false;
    }
  }
  SocketAddress target(to, local->port(), own_domain);
  const long sent = sys::Call(SYS_sendto, own.get(), reinterpret_cast<long>(answer.data()),
                              static_cast<long>(answer.size()), MSG_NOSIGNAL,
                              reinterpret_cast<long>(target.plain()), target.size);
  pollfd watched{fd, POLLIN, 0};
  const bool delivered = sent >= 0 && sys::Poll(&watched, 1, kDeliveryMs) > 0;
  if (peer) {
    SocketAddress again(peer->address(), peer->port(), domain);
    sys::PassingConnect(fd, again.plain(), again.size, 0);
  }
  return delivered;
}

// Puts a message together; 0: none that can be read, or more than a question.
size_t Gather(std::span<const iovec> pieces, std::span<uint8_t> out) {
  size_t size = 0;
  for (const iovec& piece : pieces) {
    if (piece.iov_len > out.size() - size || !IsReadable(piece.iov_base, piece.iov_len)) {
      return 0;
    }
    std::memcpy(out.data() + size, piece.iov_base, piece.iov_len);
    size += piece.iov_len;
  }
  return size;
}

// Connects a socket that was only said to be connected to `server`. False: no way leads there.
bool ConnectAtLast(int fd, const base::Endpoint& server) {
  const int domain = Option(fd, SO_DOMAIN);
  SocketAddress before;
  SocketAddress real(server.address(), server.port(), domain);
  SocketAddress none;
  none.storage.ss_family = AF_UNSPEC;
  none.size = sizeof(sockaddr);
  if (sys::PassingGetpeername(fd, before.plain(), &before.size, 0) < 0 ||
      // Its address of loopback would go along.
      sys::PassingConnect(fd, none.plain(), none.size, 0) < 0) {
    return false;
  }
  if (sys::PassingConnect(fd, real.plain(), real.size, 0) == 0) {
    return true;
  }
  sys::PassingConnect(fd, before.plain(), before.size, 0);
  return false;
}

// Once a process.
void SayNoTcp(Process& process) {
  static constinit std::atomic_flag said = ATOMIC_FLAG_INIT;
  if (said.test_and_set(std::memory_order_relaxed)) {
    return;
  }
  std::array<char, 512> line;
  base::TextWriter text(line);
  text.Append("DNS over TCP is refused: without a supervisor only UDP is answered [");
  text.Append(process.exe()).Append(" ").AppendNumber(static_cast<uint64_t>(process.pid()));
  text.Append("]");
  process.log().Say(engine::LogLevel::kWarn, text.view());
}

}  // namespace

bool IsQuestion(int fd, const Destination& destination) {
  return destination.kind == Destination::Kind::kDatagram &&
         destination.endpoint.port() == kDnsPort && IsUdp(fd);
}

int ConnectToServer(int fd, const Destination& destination, const sockaddr* address,
                    socklen_t length) {
  Process& process = Process::Get();
  if (process.standing() != Process::Standing::kRouting) {
    return -ENETUNREACH;
  }
  if (engine::AsksForAll(process.session().config())) {
    return FromC(real::connect(fd, address, length));
  }
  const auto stand_in = AnswerAddressOf(destination.endpoint.address());
  SocketAddress actual(stand_in.value_or(base::IpAddress()), kDnsPort, destination.domain);
  struct stat status;
  if (!stand_in || actual.size == 0 || sys::Fstat(fd, &status) < 0 ||
      sys::PassingConnect(fd, actual.plain(), actual.size, 0) < 0) {
    return -ENETUNREACH;
  }
  MarkDnsSocket(fd);
  process.ShareTables();
  process.session().peers().Put(status.st_ino, base::Endpoint(*stand_in, kDnsPort),
                                destination.endpoint);
  return 0;
}

std::optional<ssize_t> AnswerQuestion(int fd, std::span<const iovec> pieces,
                                      const sockaddr* address, socklen_t length) {
  if (!AnswersDns()) {
    return std::nullopt;
  }
  base::Endpoint server;
  bool is_there = true;
  if (address != nullptr) {
    server = DestinationOfSend(fd, address, length).endpoint;
    MarkDnsSocket(fd);
  } else {
    const auto peer = KernelPeer(fd);
    if (!IsUdp(fd) || (peer && peer->port() != kDnsPort)) {
      UnmarkDnsSocket(fd);  // another socket has the number by now
      return std::nullopt;
    }
    if (!peer) {
      return std::nullopt;
    }
    const auto stood_for = OfAnswerAddress(peer->address());
    is_there = !stood_for;
    server = stood_for ? base::Endpoint(*stood_for, kDnsPort) : *peer;
  }
  std::array<uint8_t, kMaxQuestion> question;
  const size_t size = Gather(pieces, question);
  const auto message = std::span(question).first(size);
  std::array<uint8_t, 1024> answer;
  auto decision = DecideQuery(message, answer);
  switch (decision.verdict) {
    case Verdict::kAnswer:
      break;
    case Verdict::kForward:
      if (is_there || ConnectAtLast(fd, server)) {
        return std::nullopt;
      }
      decision.size = engine::DnsPolicy::ServerFailure(message, answer);
      break;
    case Verdict::kIgnore:
      return -EACCES;  // no question
  }
  return Deliver(fd, server.address(), std::span(answer).first(decision.size))
             ? static_cast<ssize_t>(size)
             : -EACCES;
}

bool MayAskByTcp(const base::Endpoint& server) {
  if (server.port() != kDnsPort || !AnswersDns()) {
    return true;
  }
  Process& process = Process::Get();
  if (process.standing() == Process::Standing::kRouting &&
      engine::AsksForAll(process.session().config())) {
    return true;
  }
  SayNoTcp(process);
  return false;
}

}  // namespace hooks
