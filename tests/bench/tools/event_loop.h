// What a program with an event loop does to connect, for the tools that are one.
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static inline void Die(const char* what) {
  perror(what);
  exit(1);
}

static inline struct addrinfo* LookUp(const char* host, const char* port) {
  const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
  struct addrinfo* found;
  const int error = getaddrinfo(host, port, &hints, &found);
  if (error != 0) {
    fprintf(stderr, "%s: %s\n", host, gai_strerror(error));
    exit(1);
  }
  return found;
}

// Starts a connect and has `epoll` say when it has ended, and from then on when there is something
// to read.
static inline int StartConnect(int epoll, const struct addrinfo* target) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) Die("socket");
  if (connect(fd, target->ai_addr, target->ai_addrlen) != 0 && errno != EINPROGRESS) Die("connect");
  struct epoll_event event = {.events = EPOLLOUT | EPOLLIN, .data.fd = fd};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) Die("epoll_ctl");
  return fd;
}

// Waits for the end of one of the connects; its socket is then asked for reading alone.
static inline int AwaitConnect(int epoll) {
  struct epoll_event event;
  while (epoll_wait(epoll, &event, 1, -1) != 1) {
    if (errno != EINTR) Die("epoll_wait");
  }
  const int fd = event.data.fd;
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
    errno = error;
    Die("connect");
  }
  event.events = EPOLLIN;
  if (epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event) != 0) Die("epoll_ctl");
  return fd;
}
