// repeat blocking|poll|epoll COUNT HOLD_MS HOST PORT: so many connections one after another, each
// held for so long and closed. Prints the median of the seconds that a connect took. What else one
// costs is the difference between two counts.
#include <sys/epoll.h>

#include "program.h"

static double Now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int Compare(const void* a, const void* b) {
  const double x = *(const double*)a;
  const double y = *(const double*)b;
  return (x > y) - (x < y);
}

static void Hold(long ms) {
  const struct timespec time = {ms / 1000, ms % 1000 * 1000000};
  if (ms > 0) nanosleep(&time, NULL);
}

static void AwaitEpoll(int epoll, int fd) {
  struct epoll_event event = {.events = EPOLLOUT, .data.fd = fd};
  int error = 0;
  socklen_t length = sizeof error;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) Die("epoll_ctl");
  if (epoll_wait(epoll, &event, 1, 30000) != 1) Die("epoll_wait");
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  errno = error;
  if (error != 0) Die("connect");
}

int main(int argc, char** argv) {
  const int blocking = argc == 6 && strcmp(argv[1], "blocking") == 0;
  const int polling = argc == 6 && strcmp(argv[1], "poll") == 0;
  if (!blocking && !polling && (argc != 6 || strcmp(argv[1], "epoll") != 0)) {
    Usage("repeat blocking|poll|epoll COUNT HOLD_MS HOST PORT");
  }
  const struct Target target = FindTarget(argv[4], argv[5]);
  const int epoll = blocking || polling ? -1 : epoll_create1(EPOLL_CLOEXEC);
  const long count = atol(argv[2]);
  double* const seconds = malloc((size_t)(count > 0 ? count : 1) * sizeof *seconds);
  for (long i = 0; i < count; ++i) {
    const double start = Now();
    const int fd = Socket(&target, SOCK_STREAM | SOCK_CLOEXEC | (blocking ? 0 : SOCK_NONBLOCK));
    if (Connect(fd, &target) != 0) {
      if (blocking || errno != EINPROGRESS) Die("connect");
      if (epoll >= 0) {
        AwaitEpoll(epoll, fd);
      } else if (FinishConnect(fd) != 0) {
        Die("connect");
      }
    }
    seconds[i] = Now() - start;
    Hold(atol(argv[3]));
    close(fd);
  }
  qsort(seconds, (size_t)count, sizeof *seconds, Compare);
  printf("%.6f\n", count > 0 ? seconds[count / 2] : 0);
  free(seconds);
  return 0;
}
