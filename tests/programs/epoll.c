// epoll HOST PORT: a registration made before connect still reports the socket afterwards, level
// and edge triggered, with its data; and can be changed.
#include <sys/epoll.h>

#include "program.h"

static void Check(const struct Target* target, uint32_t flags, int type) {
  const int set = epoll_create1(0);
  const int fd = Socket(target, SOCK_STREAM | type);
  struct epoll_event event = {.events = EPOLLIN | flags, .data.u64 = 0x1122334455667788};
  if (epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) != 0) {
    Die("epoll_ctl ADD");
  }
  if (Connect(fd, target) != 0 && (errno != EINPROGRESS || FinishConnect(fd) != 0)) {
    Die("connect");
  }
  // The edge of an unconnected socket (EPOLLHUP) may be waiting; it is older than the connection.
  struct epoll_event got[4];
  while (epoll_wait(set, got, 4, 0) > 0) {
    if ((flags & EPOLLET) == 0) {
      break;
    }
  }
  if (write(fd, "ping\n", 5) != 5) {
    Die("write");
  }
  if (epoll_wait(set, got, 4, 5000) != 1) {
    printf("epoll_wait: no event\n");
    exit(1);
  }
  if ((got[0].events & EPOLLIN) == 0 || (got[0].events & (EPOLLHUP | EPOLLERR)) != 0 ||
      got[0].data.u64 != 0x1122334455667788) {
    printf("epoll_wait: events %x data %llx\n", got[0].events, (unsigned long long)got[0].data.u64);
    exit(1);
  }
  char answer[16];
  if (ReadSome(fd, answer, sizeof answer) != 5) {
    Die("read");
  }
  event.events = EPOLLOUT;
  if (epoll_ctl(set, EPOLL_CTL_MOD, fd, &event) != 0) {
    Die("epoll_ctl MOD");
  }
  if (epoll_wait(set, got, 4, 5000) != 1 || got[0].events != EPOLLOUT) {
    printf("epoll_wait: not writable\n");
    exit(1);
  }
  close(fd);
  if (epoll_wait(set, got, 4, 0) != 0) {
    printf("epoll_wait: an event after close\n");
    exit(1);
  }
  close(set);
}

int main(int argc, char** argv) {
  if (argc != 3) {
    Usage("epoll HOST PORT");
  }
  const struct Target target = FindTarget(argv[1], argv[2]);
  Check(&target, 0, 0);
  Check(&target, EPOLLET, 0);
  Check(&target, 0, SOCK_NONBLOCK);
  Check(&target, EPOLLET, SOCK_NONBLOCK);
  printf("ok\n");
  return 0;
}
