// udp HOST PORT: each way to send a datagram to HOST, a line each with what the call returned.
#include "program.h"

static void Show(const char* what, ssize_t result) {
  printf("%s: %s\n", what, result >= 0 ? "ok" : ErrnoName(errno));
}

int main(int argc, char** argv) {
  if (argc != 3) {
    Usage("udp HOST PORT");
  }
  const struct Target target = FindTarget(argv[1], argv[2]);
  const struct sockaddr* address = (const struct sockaddr*)&target.address;
  struct iovec part = {.iov_base = "x", .iov_len = 1};
  struct mmsghdr messages[2] = {0};
  messages[0].msg_hdr.msg_iov = &part;
  messages[0].msg_hdr.msg_iovlen = 1;
  messages[0].msg_hdr.msg_name = (void*)&target.address;
  messages[0].msg_hdr.msg_namelen = target.length;
  messages[1] = messages[0];
  int fd = Socket(&target, SOCK_DGRAM);
  Show("sendto", sendto(fd, "x", 1, 0, address, target.length));
  Show("sendmsg", sendmsg(fd, &messages[0].msg_hdr, 0));
  const int sent = sendmmsg(fd, messages, 2, 0);
  printf("sendmmsg: %s\n", sent == 2 ? "ok" : sent >= 0 ? "some" : ErrnoName(errno));
  if (target.address.ss_family == AF_INET) {
    // The kernel takes AF_UNSPEC for AF_INET here.
    struct sockaddr_storage unspecific = target.address;
    unspecific.ss_family = AF_UNSPEC;
    Show("sendto AF_UNSPEC", sendto(fd, "x", 1, 0, (struct sockaddr*)&unspecific, target.length));
  }
  const int result = Connect(fd, &target);
  Show("connect", result);
  if (result == 0) {
    Show("send", send(fd, "x", 1, 0));
  }
  return 0;
}
