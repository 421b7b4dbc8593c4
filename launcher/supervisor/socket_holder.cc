#include "supervisor/socket_holder.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <span>

#include "base/endpoint.h"
#include "base/fd.h"
#include "base/syscalls.h"

namespace supervisor {
namespace {

struct Question {
  nlmsghdr head;
  inet_diag_req_v2 body;
};

struct Answer {
  nlmsghdr head;
  union {
    inet_diag_msg body;
    nlmsgerr error;
  };
  char attributes[512];
};

// Fills port and address of one side; the address's family, or 0.
int Fill(const sockaddr_storage& storage, __be16* port, __be32 (&address)[4]) {
  if (storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    *port = v4.sin_port;
    address[0] = v4.sin_addr.s_addr;
  } else if (storage.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
    *port = v6.sin6_port;
    std::memcpy(address, &v6.sin6_addr, sizeof address);
  } else {
    return 0;
  }
  return storage.ss_family;
}

// The question about the connection as its other end sees it.
bool Ask(int end, Question* out) {
  sockaddr_storage own{};
  sockaddr_storage peer{};
  socklen_t own_size = sizeof own;
  socklen_t peer_size = sizeof peer;
  if (sys::Getsockname(end, reinterpret_cast<sockaddr*>(&own), &own_size) < 0 ||
      getpeername(end, reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0) {
    return false;
  }
  *out = {};
  out->head.nlmsg_len = sizeof *out;
  out->head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  out->head.nlmsg_flags = NLM_F_REQUEST;
  out->body.sdiag_protocol = IPPROTO_TCP;
  out->body.idiag_states = ~0U;
  inet_diag_sockid& id = out->body.id;
  id.idiag_cookie[0] = id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  const int family = Fill(peer, &id.idiag_sport, id.idiag_src);
  out->body.sdiag_family = static_cast<uint8_t>(family);
  return family != 0 && Fill(own, &id.idiag_dport, id.idiag_dst) == family;
}

base::IpAddress AddressOf(const Question& question, const __be32 (&address)[4]) {
  uint8_t bytes[16];
  std::memcpy(bytes, address, sizeof bytes);
  return question.body.sdiag_family == AF_INET
             ? base::IpAddress::V4Bytes(std::span<const uint8_t, 4>(bytes, 4))
             : base::IpAddress::V6Bytes(bytes);
}

// Loopback is every namespace's own. Who comes to an address of this machine from that address is
// here as well; of others that can't be said.
bool IsElsewhere(const Question& question) {
  const base::IpAddress peer = AddressOf(question, question.body.id.idiag_src);
  return !peer.IsLoopback() && peer != AddressOf(question, question.body.id.idiag_dst);
}

// False where the kernel says nothing.
bool Hear(const Question& question, Answer* out) {
  const base::Fd netlink(socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  // The kernel answers inside the send.
  if (!netlink || sys::Send(netlink.get(), &question, sizeof question, 0) < 0) {
    return false;
  }
  return sys::Recv(netlink.get(), out, sizeof *out, MSG_DONTWAIT) >=
         static_cast<long>(sizeof out->head);
}

}  // namespace

Holder HolderOfPeer(int end) {
  Question question;
  Answer answer{};
  if (!Ask(end, &question)) {
    return Holder::kNobody;  // getpeername(2) fails once the connection was reset
  }
  if (IsElsewhere(question)) {
    return Holder::kElsewhere;
  }
  if (!Hear(question, &answer)) {
    return Holder::kUnknown;
  }
  if (answer.head.nlmsg_type == NLMSG_ERROR) {
    return answer.error.error == -ENOENT ? Holder::kNobody : Holder::kUnknown;
  }
  // A socket that no process has is of no inode.
  return answer.body.idiag_inode == 0 ? Holder::kNobody : Holder::kSomebody;
}

bool IsOfAnotherUser(int end) {
  Question question;
  Answer answer{};
  if (!Ask(end, &question)) {
    return true;
  }
  if (!Hear(question, &answer)) {
    return false;
  }
  if (answer.head.nlmsg_type == NLMSG_ERROR) {
    return answer.error.error == -ENOENT;
  }
  // Without an inode the kernel says root, whoever it was.
  return answer.body.idiag_inode == 0 ||
         (answer.body.idiag_uid != 0 && answer.body.idiag_uid != geteuid());
}

}  // namespace supervisor
