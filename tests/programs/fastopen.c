// fastopen CALL HOST PORT: connects to an echo server by sendto, sendmsg or sendmmsg with
// MSG_FASTOPEN, or by connect with TCP_FASTOPEN_CONNECT ("option"). A trailing "+" makes the socket
// non-blocking.
#include "program.h"

static const char kText[] = "fast\n";
enum { kSize = sizeof kText - 1 };

static ssize_t Send(const char* call, int fd, const struct Target* target) {
  struct iovec part = {.iov_base = (void*)kText, .iov_len = kSize};
  struct mmsghdr message = {.msg_hdr = {.msg_name = (void*)&target->address,
                                        .msg_namelen = target->length,
                                        .msg_iov = &part,
                                        .msg_iovlen = 1}};
  if (strncmp(call, "sendto", 6) == 0) {
    return sendto(fd, kText, kSize, MSG_FASTOPEN, (const struct sockaddr*)&target->address,
                  target->length);
  }
  if (strncmp(call, "sendmsg", 7) == 0) {
    return sendmsg(fd, &message.msg_hdr, MSG_FASTOPEN);
  }
  if (strncmp(call, "sendmmsg", 8) == 0) {
    const int sent = sendmmsg(fd, &message, 1, MSG_FASTOPEN);
    return sent == 1 ? (ssize_t)message.msg_len : sent;
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, sizeof on);
  // As if the server had given a cookie before: connect succeeds and sends nothing.
  setsockopt(fd, IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, &on, sizeof on);
  if (Connect(fd, target) != 0) {
    return -1;
  }
  return write(fd, kText, kSize);
}

int main(int argc, char** argv) {
  if (argc != 4) {
    Usage("fastopen sendto|sendmsg|sendmmsg|option[+] HOST PORT");
  }
  const struct Target target = FindTarget(argv[2], argv[3]);
  const int nonblocking = strchr(argv[1], '+') != NULL;
  const int fd = Socket(&target, SOCK_STREAM | (nonblocking ? SOCK_NONBLOCK : 0));
  ssize_t sent = Send(argv[1], fd, &target);
  if (sent < 0 && errno == EINPROGRESS) {
    if (FinishConnect(fd) != 0) {
      Die("connect");
    }
    // Without a cookie of the server's no data went with the SYN.
    sent = write(fd, kText, kSize);
  }
  if (sent != kSize) {
    Die(argv[1]);
  }
  char answer[kSize];
  size_t got = 0;
  while (got < kSize) {
    const ssize_t more = ReadSome(fd, answer + got, kSize - got);
    if (more <= 0) {
      Die("read");
    }
    got += (size_t)more;
  }
  printf(memcmp(answer, kText, kSize) == 0 ? "ok\n" : "another answer\n");
  return 0;
}
