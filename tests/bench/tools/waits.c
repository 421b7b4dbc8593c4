// waits COUNT: asks by epoll_wait, poll and select whether a socket has something to read, which it
// never has, COUNT times in each of some batches, and prints the nanoseconds of one call in the
// fastest: what is asked about is less than what a busy machine adds.
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>

enum { kBatches = 40 };

static void Ask(int epoll, int socket) {
  struct epoll_event event;
  struct pollfd wanted = {.fd = socket, .events = POLLIN};
  fd_set reading;
  FD_ZERO(&reading);
  FD_SET(socket, &reading);
  struct timeval at_once = {0, 0};
  if (epoll_wait(epoll, &event, 1, 0) != 0 || poll(&wanted, 1, 0) != 0 ||
      select(socket + 1, &reading, NULL, NULL, &at_once) != 0) {
    exit(1);
  }
}

int main(int argc, char** argv) {
  const long count = argc == 2 ? atol(argv[1]) : 0;
  if (count < 1) return 2;
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return 1;
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN};
  if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, ends[0], &event) != 0) return 1;
  double fastest = 0;
  for (int batch = 0; batch < kBatches; ++batch) {
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (long i = 0; i < count; ++i) Ask(epoll, ends[0]);
    clock_gettime(CLOCK_MONOTONIC, &end);
    const double taken =
        (double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec);
    if (batch == 0 || taken < fastest) fastest = taken;
  }
  printf("%.2f\n", fastest / (3.0 * (double)count));
  return 0;
}
