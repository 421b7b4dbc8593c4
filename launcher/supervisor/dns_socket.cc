#include "supervisor/dns_socket.h"

#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>

#include <cstring>

#include "base/syscalls.h"
#include "names/dns_message.h"

namespace supervisor {
namespace {

constexpr int kBacklog = 128;

union Control {
  cmsghdr header;
  char v4[CMSG_SPACE(sizeof(in_pktinfo))];
  char v6[CMSG_SPACE(sizeof(in6_pktinfo))];
};

// The address that a packet was sent to, see ip(7) and ipv6(7).
base::IpAddress Destination(msghdr* message) {
  for (cmsghdr* at = CMSG_FIRSTHDR(message); at != nullptr; at = CMSG_NXTHDR(message, at)) {
    if (at->cmsg_level == IPPROTO_IP && at->cmsg_type == IP_PKTINFO) {
      in_pktinfo info;
      std::memcpy(&info, CMSG_DATA(at), sizeof info);
      return base::IpAddress::V4(ntohl(info.ipi_addr.s_addr));
    }
    if (at->cmsg_level == IPPROTO_IPV6 && at->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info;
      std::memcpy(&info, CMSG_DATA(at), sizeof info);
      return base::IpAddress::V6Bytes(std::span<const uint8_t, 16>(info.ipi6_addr.s6_addr));
    }
  }
  return {};
}

template <typename Info>
void SetControl(int level, int type, const Info& info, Control* control, msghdr* message) {
  std::memset(control, 0, sizeof *control);
  message->msg_control = control;
  message->msg_controllen = CMSG_SPACE(sizeof info);
  cmsghdr* const header = CMSG_FIRSTHDR(message);
  header->cmsg_level = level;
  header->cmsg_type = type;
  header->cmsg_len = CMSG_LEN(sizeof info);
  std::memcpy(CMSG_DATA(header), &info, sizeof info);
}

}  // namespace

DnsSocket::DnsSocket(base::Fd fd, DnsClients::Kind kind) : fd_(std::move(fd)), kind_(kind) {
  const int on = 1;
  if (kind_ == DnsClients::Kind::kQuietV4) {
    (void)sys::Setsockopt(fd_.get(), IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
  } else if (kind_ == DnsClients::Kind::kQuietV6) {
    (void)sys::Setsockopt(fd_.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
  }
}

bool DnsSocket::Receive(DnsDatagram* out) const {
  out->bytes.resize(names::kMaxDnsMessage);
  iovec data{out->bytes.data(), out->bytes.size()};
  Control control;
  msghdr message{};
  message.msg_name = &out->source;
  message.msg_namelen = sizeof out->source;
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = &control;
  message.msg_controllen = sizeof control;
  const ssize_t size = recvmsg(fd_.get(), &message, MSG_DONTWAIT);
  if (size < 0) {
    return false;
  }
  out->bytes.resize(static_cast<size_t>(size));
  out->source_size = message.msg_namelen;
  const auto client = base::Endpoint::FromSockaddr(reinterpret_cast<const sockaddr*>(&out->source),
                                                   out->source_size);
  if (!client.has_value()) {
    return false;
  }
  out->client = *client;
  out->asked = Destination(&message);
  return true;
}

// A packet of its own making: an answer to an address of this host stays on loopback, where nobody
// doubts its source.
void DnsSocket::ReplyRaw(const DnsDatagram& query, std::span<const uint8_t> answer) const {
  struct Head {
    iphdr ip;
    udphdr udp;
  } head{};
  static_assert(sizeof head == 28);
  const size_t size = sizeof head + answer.size();
  if (size > UINT16_MAX) {
    return;
  }
  const auto* const client = reinterpret_cast<const sockaddr_in*>(&query.source);
  // The kernel fills in the rest, see raw(7); no UDP checksum is a valid one.
  head.ip.version = 4;
  head.ip.ihl = sizeof head.ip / 4;
  head.ip.ttl = 64;
  head.ip.protocol = IPPROTO_UDP;
  head.ip.saddr = htonl(query.asked.v4());
  head.ip.daddr = client->sin_addr.s_addr;
  head.udp.source = htons(kDnsPort);
  head.udp.dest = client->sin_port;
  head.udp.len = htons(static_cast<uint16_t>(size - sizeof head.ip));
  iovec data[] = {{&head, sizeof head}, {const_cast<uint8_t*>(answer.data()), answer.size()}};
  sockaddr_in target = *client;
  target.sin_port = 0;
  msghdr message{};
  message.msg_name = &target;
  message.msg_namelen = sizeof target;
  message.msg_iov = data;
  message.msg_iovlen = 2;
  (void)sendmsg(fd_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void DnsSocket::Reply(const DnsDatagram& query, std::span<const uint8_t> answer) const {
  if (kind_ == DnsClients::Kind::kHanded) {
    ReplyRaw(query, answer);
    return;
  }
  iovec data{const_cast<uint8_t*>(answer.data()), answer.size()};
  Control control;
  msghdr message{};
  message.msg_name = const_cast<sockaddr_storage*>(&query.source);
  message.msg_namelen = query.source_size;
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (kind_ == DnsClients::Kind::kQuietV4) {
    in_pktinfo info{};
    info.ipi_spec_dst.s_addr = htonl(query.asked.v4());
    SetControl(IPPROTO_IP, IP_PKTINFO, info, &control, &message);
  } else if (kind_ == DnsClients::Kind::kQuietV6) {
    in6_pktinfo info{};
    std::memcpy(info.ipi6_addr.s6_addr, query.asked.bytes().data(), query.asked.bytes().size());
    SetControl(IPPROTO_IPV6, IPV6_PKTINFO, info, &control, &message);
  }
  // A program that has gone away, or a full buffer: DNS asks again.
  (void)sendmsg(fd_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

base::Fd MakeLoopbackSocket(int domain, int type, uint16_t* port) {
  base::Fd out(sys::PassingSocket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, 0));
  if (!out) {
    return out;
  }
  const int on = 1;
  if (domain == AF_INET6) {
    (void)sys::Setsockopt(out.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  sockaddr_storage address{};
  socklen_t size;
  if (domain == AF_INET6) {
    auto* const v6 = reinterpret_cast<sockaddr_in6*>(&address);
    v6->sin6_family = AF_INET6;
    v6->sin6_addr = in6addr_loopback;
    size = sizeof *v6;
  } else {
    auto* const v4 = reinterpret_cast<sockaddr_in*>(&address);
    v4->sin_family = AF_INET;
    v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    size = sizeof *v4;
  }
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  if (bind(out.get(), plain, size) != 0 ||
      (type == SOCK_STREAM && listen(out.get(), kBacklog) != 0) ||
      sys::Getsockname(out.get(), plain, &size) < 0) {
    return base::Fd();
  }
  const auto bound = base::Endpoint::FromSockaddr(plain, size);
  *port = bound.has_value() ? bound->port() : 0;
  return out;
}

}  // namespace supervisor
