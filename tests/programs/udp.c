// udp HOST PORT [udplite|ping|raw|sctp|sctp-many]: each way to send a datagram to HOST, a line each
// with what the call returned; "socket: ERRNO" where there is no such socket.
#include <stddef.h>

#include "program.h"

static const struct Kind {
  const char* name;
  int type;
  int protocol;
  int protocol6;
} kKinds[] = {
    {"udp", SOCK_DGRAM, IPPROTO_UDP, IPPROTO_UDP},
    {"udplite", SOCK_DGRAM, IPPROTO_UDPLITE, IPPROTO_UDPLITE},
    {"ping", SOCK_DGRAM, IPPROTO_ICMP, IPPROTO_ICMPV6},
    {"raw", SOCK_RAW, IPPROTO_ICMP, IPPROTO_ICMPV6},
    {"sctp", SOCK_STREAM, IPPROTO_SCTP, IPPROTO_SCTP},
    {"sctp-many", SOCK_SEQPACKET, IPPROTO_SCTP, IPPROTO_SCTP},
};

static const struct Kind* FindKind(const char* name) {
  for (size_t i = 0; i < sizeof kKinds / sizeof kKinds[0]; ++i) {
    if (strcmp(kKinds[i].name, name) == 0) {
      return &kKinds[i];
    }
  }
  Usage("udp HOST PORT [KIND]");
  return NULL;
}

static void Show(const char* what, ssize_t result) {
  printf("%s: %s\n", what, result >= 0 ? "ok" : ErrnoName(errno));
}

static struct msghdr MessageTo(struct sockaddr_storage* address, socklen_t length,
                               struct iovec* data) {
  struct msghdr out = {0};
  out.msg_iov = data;
  out.msg_iovlen = 1;
  out.msg_name = address;
  out.msg_namelen = length;
  return out;
}

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) {
    Usage("udp HOST PORT [KIND]");
  }
  const struct Kind* kind = FindKind(argc == 4 ? argv[3] : "udp");
  struct Target target = FindTarget(argv[1], argv[2]);
  const int is_v4 = target.address.ss_family == AF_INET;
  const struct sockaddr* address = (const struct sockaddr*)&target.address;
  // An echo request, for sockets that take nothing else.
  unsigned char echo[8] = {is_v4 ? 8 : 128};
  struct iovec data = {.iov_base = echo, .iov_len = sizeof echo};
  const int fd = socket(target.address.ss_family, kind->type,
                        is_v4 ? kind->protocol : kind->protocol6);
  if (fd < 0) {
    Die("socket");
  }
  struct msghdr message = MessageTo(&target.address, target.length, &data);
  struct mmsghdr messages[2] = {{.msg_hdr = message}, {.msg_hdr = message}};
  Show("sendto", sendto(fd, echo, sizeof echo, 0, address, target.length));
  Show("sendmsg", sendmsg(fd, &message, 0));
  const int sent = sendmmsg(fd, messages, 2, 0);
  printf("sendmmsg: %s\n", sent == 2 ? "ok" : sent >= 0 ? "some" : ErrnoName(errno));
  // The kernel cuts it to the largest address there is.
  struct sockaddr_storage room[2] = {target.address};
  message = MessageTo(room, sizeof room, &data);
  Show("sendmsg of a long address", sendmsg(fd, &message, 0));
  if (is_v4) {
    // The kernel takes AF_UNSPEC for AF_INET here.
    struct sockaddr_storage unspecific = target.address;
    unspecific.ss_family = AF_UNSPEC;
    Show("sendto AF_UNSPEC",
         sendto(fd, echo, sizeof echo, 0, (struct sockaddr*)&unspecific, target.length));
  } else {
    const socklen_t without_scope = offsetof(struct sockaddr_in6, sin6_scope_id);
    Show("sendto without scope", sendto(fd, echo, sizeof echo, 0, address, without_scope));
  }
  const int result = Connect(fd, &target);
  Show("connect", result);
  if (result == 0) {
    Show("send", send(fd, echo, sizeof echo, 0));
    message.msg_name = NULL;
    Show("sendmsg without address", sendmsg(fd, &message, 0));
  }
  return 0;
}
