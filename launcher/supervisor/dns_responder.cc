#include "supervisor/dns_responder.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "base/clock.h"
#include "base/syscalls.h"
#include "supervisor/thread.h"

namespace supervisor {
namespace {

constexpr int64_t kAttachTimeoutMs = 1000;
// The oldest makes room: its program has asked again by then.
constexpr size_t kMaxForwarded = 512;
constexpr int kSliceMs = 200;

// The far end is loopback of the supervisor's own: waiting is for a full backlog only.
int ConnectNow(int fd, const sockaddr* address, socklen_t size) {
  int result;
  do {
    result = sys::PassingConnect(fd, address, size, 0);
  } while (result == -EINTR);
  if (result != -EINPROGRESS) {
    return result;
  }
  pollfd watched{fd, POLLOUT, 0};
  if (sys::Poll(&watched, 1, kAttachTimeoutMs) <= 0) {
    return -ETIMEDOUT;
  }
  int error = 0;
  socklen_t length = sizeof error;
  const int asked = sys::Getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  return asked < 0 ? asked : -error;
}

bool IsV6Only(int fd) {
  int value = 0;
  socklen_t length = sizeof value;
  return sys::Getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &value, &length) == 0 && value != 0;
}

base::IpAddress Loopback(bool v6) {
  return v6 ? base::IpAddress::V6Bytes(std::span<const uint8_t, 16>(in6addr_loopback.s6_addr))
            : base::IpAddress::V4(INADDR_LOOPBACK);
}

}  // namespace

DnsResponder::~DnsResponder() {
  stopping_ = true;
  Wake();
  std::unique_lock lock(mutex_);
  ended_.wait(lock, [this] { return threads_ == 0; });
}

bool DnsResponder::Start() {
  if (started_) {
    return true;
  }
  wake_.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  base::Fd udp_v4 = MakeLoopbackSocket(AF_INET, SOCK_DGRAM, &udp_v4_port_);
  tcp_v4_ = MakeLoopbackSocket(AF_INET, SOCK_STREAM, &tcp_v4_port_);
  if (!wake_ || !udp_v4 || !tcp_v4_) {
    return false;
  }
  adopted_.emplace_back(std::move(udp_v4), DnsClients::Kind::kUdpV4);
  if (base::Fd udp_v6 = MakeLoopbackSocket(AF_INET6, SOCK_DGRAM, &udp_v6_port_)) {
    adopted_.emplace_back(std::move(udp_v6), DnsClients::Kind::kUdpV6);
  }
  tcp_v6_ = MakeLoopbackSocket(AF_INET6, SOCK_STREAM, &tcp_v6_port_);
  if (!StartThread(RunThread, this)) {
    adopted_.clear();
    return false;
  }
  ++threads_;
  started_ = true;
  return true;
}

void DnsResponder::Wake() {
  const uint64_t one = 1;
  if (wake_) {
    (void)sys::Write(wake_.get(), &one, sizeof one);
  }
}

int DnsResponder::Attach(int fd, int domain, int type, const DnsClient& client,
                         base::Endpoint* actual) {
  {
    const std::lock_guard lock(mutex_);
    if (!Start()) {
      return -ECONNREFUSED;
    }
  }
  const bool tcp = type == SOCK_STREAM;
  const bool v6 = domain == AF_INET6 && IsV6Only(fd);
  const uint16_t port = tcp ? (v6 ? tcp_v6_port_ : tcp_v4_port_) : v6 ? udp_v6_port_ : udp_v4_port_;
  if (port == 0) {
    return -ECONNREFUSED;
  }
  *actual = base::Endpoint(Loopback(v6), port);
  sockaddr_storage address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  const socklen_t size = base::ToSockaddr(actual->address(), port, domain, &address);
  if (const int result = ConnectNow(fd, plain, size); result < 0) {
    return result;
  }
  socklen_t length = sizeof address;
  if (const int result = sys::Getsockname(fd, plain, &length); result < 0) {
    return result;
  }
  using Kind = DnsClients::Kind;
  const Kind kind = tcp ? (v6 ? Kind::kTcpV6 : Kind::kTcpV4) : v6 ? Kind::kUdpV6 : Kind::kUdpV4;
  const auto local = base::Endpoint::FromSockaddr(plain, length);
  clients_.Put(kind, local.has_value() ? local->port() : 0, client);
  return 0;
}

bool DnsResponder::Adopt(base::Fd socket, DnsClients::Kind kind) {
  const std::lock_guard lock(mutex_);
  if (!Start()) {
    return false;
  }
  adopted_.emplace_back(std::move(socket), kind);
  Wake();
  return true;
}

bool DnsResponder::Ask(std::vector<uint8_t> query, const base::Endpoint& source,
                       const DnsClient& client) {
  const std::lock_guard lock(mutex_);
  if (!Start()) {
    return false;
  }
  if (!tried_raw_) {
    tried_raw_ = true;
    base::Fd raw(sys::PassingSocket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW, 0));
    has_raw_ = raw.valid();
    if (has_raw_) {
      adopted_.emplace_back(std::move(raw), DnsClients::Kind::kHanded);
    }
  }
  if (!has_raw_) {
    return false;
  }
  DnsDatagram datagram;
  datagram.bytes = std::move(query);
  datagram.source_size =
      base::ToSockaddr(source.address(), source.port(), AF_INET, &datagram.source);
  datagram.client = source;
  datagram.asked = client.server.address();
  handed_.push_back({std::move(datagram), client});
  Wake();
  return true;
}

void DnsResponder::ThreadEnded() {
  const std::lock_guard lock(mutex_);
  --threads_;
  ended_.notify_all();
}

void DnsResponder::RunThread(void* responder) {
  auto* const self = static_cast<DnsResponder*>(responder);
  self->Run();
  self->ThreadEnded();
}

void DnsResponder::Run() {
  std::vector<pollfd> watched;
  std::vector<Handed> handed;
  while (!stopping_) {
    {
      const std::lock_guard lock(mutex_);
      for (DnsSocket& socket : adopted_) {
        sockets_.push_back(std::move(socket));
      }
      adopted_.clear();
      handed = std::exchange(handed_, {});
    }
    for (Handed& one : handed) {
      const auto raw = std::find_if(sockets_.begin(), sockets_.end(), [](const DnsSocket& socket) {
        return socket.kind() == DnsClients::Kind::kHanded;
      });
      Serve(static_cast<size_t>(raw - sockets_.begin()), std::move(one.query), one.client);
    }
    watched.assign(
        {{wake_.get(), POLLIN, 0}, {tcp_v4_.get(), POLLIN, 0}, {tcp_v6_.get(), POLLIN, 0}});
    const size_t first_socket = watched.size();
    for (const DnsSocket& socket : sockets_) {
      watched.push_back({socket.fd(), POLLIN, 0});
    }
    const size_t first_forwarded = watched.size();
    for (const Forwarded& forwarded : forwarded_) {
      watched.push_back({forwarded.socket.get(), POLLIN, 0});
    }
    if (sys::Poll(watched.data(), watched.size(), forwarded_.empty() ? -1 : kSliceMs) < 0) {
      continue;
    }
    if (watched[0].revents != 0) {
      uint64_t count;
      (void)sys::Read(wake_.get(), &count, sizeof count);
    }
    const int64_t now_ms = base::NowMs();
    for (size_t i = first_forwarded; i < watched.size(); ++i) {
      Forwarded& forwarded = forwarded_[i - first_forwarded];
      if (FinishForwarded(forwarded, watched[i].revents != 0, now_ms)) {
        forwarded.socket.Reset();
      }
    }
    std::erase_if(forwarded_, [](const Forwarded& forwarded) { return !forwarded.socket; });
    if (watched[1].revents != 0) {
      Accept(tcp_v4_.get(), DnsClients::Kind::kTcpV4);
    }
    if (watched[2].revents != 0) {
      Accept(tcp_v6_.get(), DnsClients::Kind::kTcpV6);
    }
    for (size_t i = first_socket; i < first_forwarded; ++i) {
      if (watched[i].revents != 0) {
        ServeDatagrams(i - first_socket);
      }
    }
  }
}

void DnsResponder::ServeDatagrams(size_t index) {
  DnsDatagram query;
  while (sockets_[index].Receive(&query)) {
    const auto client = clients_.Find(sockets_[index].kind(), query.client.port());
    if (client != nullptr) {
      Serve(index, std::move(query), *client);
    }
    query = {};
  }
}

void DnsResponder::Serve(size_t index, DnsDatagram query, const DnsClient& client) {
  std::array<uint8_t, 1024> answer;
  const auto decision = policy_.Decide(query.bytes, client.conf, answer);
  switch (decision.verdict) {
    case engine::DnsPolicy::Verdict::kIgnore:
      break;
    case engine::DnsPolicy::Verdict::kAnswer:
      sockets_[index].Reply(query, std::span(answer).first(decision.size));
      break;
    case engine::DnsPolicy::Verdict::kForward: {
      using Kind = DnsClients::Kind;
      const Kind kind = sockets_[index].kind();
      const bool quiet = kind == Kind::kQuietV4 || kind == Kind::kQuietV6;
      const base::Endpoint server =
          quiet ? base::Endpoint(query.asked, client.server.port()) : client.server;
      Forward(index, std::move(query), server);
      break;
    }
  }
}

void DnsResponder::Forward(size_t index, DnsDatagram query, const base::Endpoint& server) {
  if (forwarded_.size() >= kMaxForwarded) {
    forwarded_.erase(forwarded_.begin());
  }
  const int domain = server.address().is_v4() ? AF_INET : AF_INET6;
  base::Fd socket(sys::PassingSocket(domain, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, 0));
  sockaddr_storage address;
  const socklen_t size = base::ToSockaddr(server.address(), server.port(), domain, &address);
  const bool sent =
      socket &&
      sys::PassingConnect(socket.get(), reinterpret_cast<sockaddr*>(&address), size, 0) == 0 &&
      sys::Send(socket.get(), query.bytes.data(), query.bytes.size(), MSG_NOSIGNAL) >= 0;
  query.bytes.shrink_to_fit();
  Forwarded forwarded{std::move(socket), index, std::move(query),
                      base::NowMs() + (sent ? kForwardTimeoutMs : 0)};
  if (sent || !FinishForwarded(forwarded, false, forwarded.deadline_ms)) {
    forwarded_.push_back(std::move(forwarded));
  }
}

// True when it is over.
bool DnsResponder::FinishForwarded(Forwarded& forwarded, bool readable, int64_t now_ms) {
  const DnsSocket& socket = sockets_[forwarded.from];
  if (readable) {
    std::vector<uint8_t> answer(names::kMaxDnsMessage);
    const long size = sys::Recv(forwarded.socket.get(), answer.data(), answer.size(), MSG_DONTWAIT);
    if (size >= 0) {
      answer.resize(static_cast<size_t>(size));
      std::array<uint8_t, 1024> ours;
      const auto decision = policy_.Review(forwarded.query.bytes, answer, ours);
      socket.Reply(forwarded.query, decision.verdict == engine::DnsPolicy::Verdict::kAnswer
                                        ? std::span(ours).first(decision.size)
                                        : std::span(answer));
      return true;
    }
    if (size == -EAGAIN || size == -EINTR) {
      return false;
    }
  } else if (now_ms < forwarded.deadline_ms) {
    return false;
  }
  std::array<uint8_t, 1024> failure;
  const size_t size = engine::DnsPolicy::ServerFailure(forwarded.query.bytes, failure);
  socket.Reply(forwarded.query, std::span(failure).first(size));
  return true;
}

}  // namespace supervisor
