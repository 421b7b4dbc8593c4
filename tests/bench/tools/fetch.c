// fetch HOST PORT PATH: takes a file over http by an event loop, throws it away, and prints the
// bytes a second.
#include <string.h>
#include <time.h>

#include "event_loop.h"

static double Now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char** argv) {
  static char buffer[128 << 10];
  if (argc != 4) return 2;
  const double start = Now();
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) Die("epoll_create1");
  struct addrinfo* const target = LookUp(argv[1], argv[2]);
  StartConnect(epoll, target);
  const int fd = AwaitConnect(epoll);
  const int size =
      snprintf(buffer, sizeof buffer, "GET %s HTTP/1.0\r\nHost: %s\r\n\r\n", argv[3], argv[1]);
  if (send(fd, buffer, (size_t)size, MSG_NOSIGNAL) != size) Die("send");
  double bytes = 0;
  for (;;) {
    const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
    if (got == 0) break;
    if (got > 0) {
      if (bytes == 0 && memcmp(buffer, "HTTP/1.1 200", 12) != 0) return 1;
      bytes += (double)got;
    } else if (errno == EAGAIN) {
      struct epoll_event event;
      epoll_wait(epoll, &event, 1, -1);
    } else if (errno != EINTR) {
      Die("recv");
    }
  }
  printf("%.0f\n", bytes / (Now() - start));
  freeaddrinfo(target);
  return 0;
}
