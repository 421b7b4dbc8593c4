// socket_options HOST PORT [own]: what a program sets on a socket before connect is there
// afterwards, also through a duplicate of the descriptor, and closing it sends FIN.
#include "program.h"

static const struct {
  const char* name;
  int level;
  int option;
  int value;
} kOptions[] = {
    {"SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE, 1},
    {"SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR, 1},
    {"SO_PRIORITY", SOL_SOCKET, SO_PRIORITY, 3},
    {"SO_RCVBUF", SOL_SOCKET, SO_RCVBUF, 40000},
    {"TCP_NODELAY", IPPROTO_TCP, TCP_NODELAY, 1},
    {"TCP_KEEPIDLE", IPPROTO_TCP, TCP_KEEPIDLE, 77},
    {"TCP_KEEPINTVL", IPPROTO_TCP, TCP_KEEPINTVL, 11},
    {"TCP_KEEPCNT", IPPROTO_TCP, TCP_KEEPCNT, 5},
    {"TCP_USER_TIMEOUT", IPPROTO_TCP, TCP_USER_TIMEOUT, 33000},
};

static int Get(int fd, size_t i) {
  int value = -1;
  socklen_t length = sizeof value;
  getsockopt(fd, kOptions[i].level, kOptions[i].option, &value, &length);
  return value;
}

static void Check(const struct Target* target, int type, int own) {
  const int fd = Socket(target, SOCK_STREAM | type);
  const int copy = own ? fd : dup(fd);
  const size_t count = sizeof kOptions / sizeof kOptions[0];
  int before[sizeof kOptions / sizeof kOptions[0]];
  const struct timeval timeout = {.tv_sec = 31, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  for (size_t i = 0; i < count; ++i) {
    setsockopt(fd, kOptions[i].level, kOptions[i].option, &kOptions[i].value, sizeof(int));
    before[i] = Get(fd, i);
  }
  const int status_flags = fcntl(fd, F_GETFL);
  const int descriptor_flags = fcntl(fd, F_GETFD);
  if (Connect(fd, target) != 0 && (errno != EINPROGRESS || FinishConnect(fd) != 0)) {
    Die("connect");
  }
  int bad = 0;
  for (size_t i = 0; i < count; ++i) {
    if (Get(fd, i) != before[i]) {
      printf("%s: %d, was %d\n", kOptions[i].name, Get(fd, i), before[i]);
      bad = 1;
    }
  }
  struct timeval after = {0};
  socklen_t length = sizeof after;
  getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &after, &length);
  if (after.tv_sec != timeout.tv_sec || after.tv_usec != timeout.tv_usec) {
    printf("SO_SNDTIMEO: %ld s %ld us\n", (long)after.tv_sec, (long)after.tv_usec);
    bad = 1;
  }
  if (fcntl(fd, F_GETFL) != status_flags || fcntl(fd, F_GETFD) != descriptor_flags) {
    printf("flags: %x %x, were %x %x\n", fcntl(fd, F_GETFL), fcntl(fd, F_GETFD), status_flags,
           descriptor_flags);
    bad = 1;
  }
  if (Echo(copy, "through the duplicate\n") != 0) {
    Die("echo");
  }
  // The server sees the end of what we send and closes; then so do we.
  if (!own) {
    close(fd);
  }
  shutdown(copy, SHUT_WR);
  char byte;
  if (ReadSome(copy, &byte, 1) != 0) {
    printf("read: no end of file after FIN\n");
    bad = 1;
  }
  close(copy);
  if (bad) {
    exit(1);
  }
}

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) {
    Usage("socket_options HOST PORT [own]");
  }
  const struct Target target = FindTarget(argv[1], argv[2]);
  Check(&target, 0, argc == 4);
  Check(&target, SOCK_CLOEXEC, argc == 4);
  Check(&target, SOCK_NONBLOCK, argc == 4);
  Check(&target, SOCK_NONBLOCK | SOCK_CLOEXEC, argc == 4);
  printf("ok\n");
  return 0;
}
