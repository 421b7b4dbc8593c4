// hold COUNT HOST PORT: opens so many connections by an event loop, up to 64 of them at once, says
// "ready", and holds them until its standard input ends.
#include "event_loop.h"

enum { kAtOnce = 64 };

int main(int argc, char** argv) {
  const int count = argc == 4 ? atoi(argv[1]) : -1;
  if (count < 0) return 2;
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) Die("epoll_create1");
  struct addrinfo* const target = LookUp(argv[2], argv[3]);
  for (int started = 0, standing = 0; standing < count;) {
    if (started < count && started - standing < kAtOnce) {
      StartConnect(epoll, target);
      ++started;
    } else {
      AwaitConnect(epoll);
      ++standing;
    }
  }
  freeaddrinfo(target);
  puts("ready");
  fflush(stdout);
  char byte;
  while (read(0, &byte, 1) > 0) {
  }
  return 0;
}
