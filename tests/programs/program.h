// What the test programs share. Each program makes one kind of call and prints one line for each,
// "ok …" or "CALL: ERRNO"; they know nothing of gochain, so each runs under any door, or none.
#ifndef GOCHAIN_TESTS_PROGRAMS_PROGRAM_H_
#define GOCHAIN_TESTS_PROGRAMS_PROGRAM_H_

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static inline const char* ErrnoName(int error) {
  static const struct {
    int error;
    const char* name;
  } kNames[] = {
      {0, "0"},
      {EACCES, "EACCES"},
      {EADDRINUSE, "EADDRINUSE"},
      {EAFNOSUPPORT, "EAFNOSUPPORT"},
      {EAGAIN, "EAGAIN"},
      {EALREADY, "EALREADY"},
      {EBADF, "EBADF"},
      {ECONNABORTED, "ECONNABORTED"},
      {ECONNREFUSED, "ECONNREFUSED"},
      {ECONNRESET, "ECONNRESET"},
      {EFAULT, "EFAULT"},
      {EHOSTUNREACH, "EHOSTUNREACH"},
      {EINPROGRESS, "EINPROGRESS"},
      {EINTR, "EINTR"},
      {EINVAL, "EINVAL"},
      {EISCONN, "EISCONN"},
      {ENETUNREACH, "ENETUNREACH"},
      {ENOSYS, "ENOSYS"},
      {ENOTCONN, "ENOTCONN"},
      {ENOTSOCK, "ENOTSOCK"},
      {EOPNOTSUPP, "EOPNOTSUPP"},
      {EPERM, "EPERM"},
      {EPIPE, "EPIPE"},
      {ERANGE, "ERANGE"},
      {ETIMEDOUT, "ETIMEDOUT"},
  };
  static _Thread_local char number[16];
  for (size_t i = 0; i < sizeof kNames / sizeof kNames[0]; ++i) {
    if (kNames[i].error == error) {
      return kNames[i].name;
    }
  }
  snprintf(number, sizeof number, "%d", error);
  return number;
}

// The one argument of a program "NAME [--hide-address] WHAT"; says whether the option is there.
static inline const char* OneArgument(int argc, char** argv, const char* usage, int* hide_address) {
  *hide_address = argc > 1 && strcmp(argv[1], "--hide-address") == 0;
  if (argc != 2 + *hide_address) {
    fprintf(stderr, "usage: %s\n", usage);
    exit(2);
  }
  return argv[1 + *hide_address];
}

// "CALL: ERRNO" and exit 1.
static inline void Die(const char* call) {
  const int error = errno;
  printf("%s: %s\n", call, ErrnoName(error));
  fflush(stdout);
  _exit(1);
}

static inline void Usage(const char* text) {
  fprintf(stderr, "usage: %s\n", text);
  exit(2);
}

static inline long NowMs(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct Target {
  struct sockaddr_storage address;
  socklen_t length;
};

// An address, or a name that is looked up.
static inline struct Target FindTarget(const char* host, const char* port) {
  struct addrinfo hints = {0};
  struct addrinfo* list = NULL;
  struct Target target = {0};
  hints.ai_socktype = SOCK_STREAM;
  const int error = getaddrinfo(host, port, &hints, &list);
  if (error != 0) {
    printf("getaddrinfo: %s\n", gai_strerror(error));
    fflush(stdout);
    _exit(1);
  }
  memcpy(&target.address, list->ai_addr, list->ai_addrlen);
  target.length = list->ai_addrlen;
  freeaddrinfo(list);
  return target;
}

static inline int Socket(const struct Target* target, int type) {
  const int fd = socket(target->address.ss_family, type, 0);
  if (fd < 0) {
    Die("socket");
  }
  return fd;
}

static inline int Connect(int fd, const struct Target* target) {
  return connect(fd, (const struct sockaddr*)&target->address, target->length);
}

// Waits for the end of a connect that is in progress; 0, or -1 with errno.
static inline int FinishConnect(int fd) {
  struct pollfd entry = {.fd = fd, .events = POLLOUT};
  int error = 0;
  socklen_t length = sizeof error;
  if (poll(&entry, 1, 30000) != 1) {
    errno = ETIMEDOUT;
    return -1;
  }
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  errno = error;
  return error == 0 ? 0 : -1;
}

static inline ssize_t ReadSome(int fd, char* data, size_t size) {
  for (;;) {
    const ssize_t got = read(fd, data, size);
    if (got >= 0 || (errno != EAGAIN && errno != EINTR)) {
      return got;
    }
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    if (poll(&entry, 1, 10000) == 0) {
      errno = ETIMEDOUT;
      return -1;
    }
  }
}

// What an echo server answers to `text` has to be `text`.
static inline int Echo(int fd, const char* text) {
  const size_t size = strlen(text);
  char answer[256];
  size_t got = 0;
  if (write(fd, text, size) != (ssize_t)size) {
    return -1;
  }
  while (got < size) {
    const ssize_t more = ReadSome(fd, answer + got, sizeof answer - got);
    if (more <= 0) {
      errno = more == 0 ? ECONNRESET : errno;
      return -1;
    }
    got += (size_t)more;
  }
  if (got != size || memcmp(answer, text, size) != 0) {
    errno = EINVAL;
    return -1;
  }
  return 0;
}

#endif  // GOCHAIN_TESTS_PROGRAMS_PROGRAM_H_
