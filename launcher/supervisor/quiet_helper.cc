#include "supervisor/quiet_helper.h"

#include <linux/close_range.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>

#include "base/fd_message.h"
#include "base/syscalls.h"

#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif

namespace supervisor {
namespace {

constexpr uint16_t kDnsPort = 53;
constexpr int kLoopbackIndex = 1;  // of every network namespace

long Pointer(const void* pointer) { return reinterpret_cast<long>(pointer); }

[[noreturn]] void Exit() {
  for (;;) {
    sys::Call(SYS_exit_group, 0);
  }
}

int Socket(int domain, int type) {
  return static_cast<int>(sys::Call(SYS_socket, domain, type | SOCK_CLOEXEC, 0));
}

// A namespace of one's own; an ordinary user needs a user namespace around it.
int EnterQuietNetwork() {
  long result = sys::Call(SYS_unshare, CLONE_NEWNET);
  if (result == -EPERM) {
    result = sys::Call(SYS_unshare, CLONE_NEWUSER | CLONE_NEWNET);
  }
  return static_cast<int>(result);
}

int RaiseLoopback() {
  const int fd = Socket(AF_INET, SOCK_DGRAM);
  if (fd < 0) {
    return fd;
  }
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", 3);
  request.ifr_flags = IFF_UP | IFF_RUNNING | IFF_LOOPBACK;
  const long result = sys::Call(SYS_ioctl, fd, SIOCSIFFLAGS, Pointer(&request));
  sys::Close(fd);
  return static_cast<int>(result);
}

// "ip route add local default dev lo table local": every address is one of this host's, so that
// packets to any nameserver arrive, and answers can come from it.
int OwnAllAddresses(int netlink, uint8_t family) {
  struct {
    nlmsghdr header;
    rtmsg route;
    rtattr attribute;
    int32_t device;
  } message{};
  static_assert(sizeof message == NLMSG_LENGTH(sizeof(rtmsg)) + RTA_LENGTH(sizeof(int32_t)));
  message.header.nlmsg_len = sizeof message;
  message.header.nlmsg_type = RTM_NEWROUTE;
  message.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK;
  message.route.rtm_family = family;
  message.route.rtm_table = RT_TABLE_LOCAL;
  message.route.rtm_protocol = RTPROT_BOOT;
  message.route.rtm_scope = RT_SCOPE_HOST;
  message.route.rtm_type = RTN_LOCAL;
  message.attribute.rta_type = RTA_OIF;
  message.attribute.rta_len = RTA_LENGTH(sizeof(int32_t));
  message.device = kLoopbackIndex;
  long result = sys::Send(netlink, &message, sizeof message, 0);
  if (result < 0) {
    return static_cast<int>(result);
  }
  struct {
    nlmsghdr header;
    nlmsgerr error;
    char more[256];
  } reply;
  result = sys::Recv(netlink, &reply, sizeof reply, 0);
  return result < 0 ? static_cast<int>(result) : reply.error.error;
}

int Prepare() {
  if (const int result = EnterQuietNetwork(); result < 0) {
    return result;
  }
  if (const int result = RaiseLoopback(); result < 0) {
    return result;
  }
  const int netlink =
      static_cast<int>(sys::Call(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (netlink < 0) {
    return netlink;
  }
  const int result = OwnAllAddresses(netlink, AF_INET);
  // A kernel without IPv6 has no IPv6 nameservers either.
  (void)OwnAllAddresses(netlink, AF_INET6);
  sys::Close(netlink);
  return result;
}

int MakeSocket(const QuietRequest& request) {
  const int fd = Socket(request.domain, request.type);
  if (fd < 0 || !request.bind_dns) {
    return fd;
  }
  long result;
  const int on = 1;
  if (request.domain == AF_INET6) {
    (void)sys::Setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    (void)sys::Setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &on, sizeof on);
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(kDnsPort);
    result = sys::Call(SYS_bind, fd, Pointer(&address), sizeof address);
  } else {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(kDnsPort);
    result = sys::Call(SYS_bind, fd, Pointer(&address), sizeof address);
  }
  if (result < 0) {
    sys::Close(fd);
    return static_cast<int>(result);
  }
  return fd;
}

// `descriptor` goes along where it is >= 0.
bool Reply(int socket, int result, int descriptor) {
  return base::SendMessage(socket, QuietReply{result < 0 ? -result : 0}, descriptor);
}

}  // namespace

void RunQuietHelper(int socket) {
  // The listener above all: with a second holder calls would hang when the supervisor dies.
  if (socket > 0) {
    sys::Call(SYS_close_range, 0, socket - 1, 0);
  }
  sys::Call(SYS_close_range, socket + 1, ~0U, 0);
  if (!Reply(socket, Prepare(), -1)) {
    Exit();
  }
  for (;;) {
    QuietRequest request;
    const long size = sys::Recv(socket, &request, sizeof request, 0);
    if (size == -EINTR) {
      continue;
    }
    if (size != static_cast<long>(sizeof request)) {
      Exit();
    }
    const int made = MakeSocket(request);
    const bool sent = Reply(socket, made, made);
    if (made >= 0) {
      sys::Close(made);
    }
    if (!sent) {
      Exit();
    }
  }
}

}  // namespace supervisor
