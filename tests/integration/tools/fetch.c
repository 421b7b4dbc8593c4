// fetch [-r] [-6] [-d] [-t] HOST PORT: looks HOST up, connects, asks for /hello.txt, prints the
// body. -r: connect by syscall(2), not by libc's function. -6: IPv6 only. -d: as a process that
// nobody may look into. -t: in a second thread, after the first has ended. At failure one line says
// which call and how: "getaddrinfo: TEXT" or "connect: ERRNO-NUMBER", and the status is 1.
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int raw;
static struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};

static int Fetch(char** argv) {
  struct addrinfo *list, *at;
  const int failed = getaddrinfo(argv[1], argv[2], &hints, &list);
  if (failed) {
    printf("getaddrinfo: %s\n", gai_strerror(failed));
    return 1;
  }
  int fd = -1, error = 0;
  for (at = list; at; at = at->ai_next) {
    fd = socket(at->ai_family, at->ai_socktype, 0);
    const long rc = raw ? syscall(SYS_connect, fd, at->ai_addr, at->ai_addrlen)
                        : connect(fd, at->ai_addr, at->ai_addrlen);
    if (rc == 0) break;
    error = errno;
    close(fd);
  }
  if (!at) {
    printf("connect: %d\n", error);
    return 1;
  }
  char buffer[4096];
  const int length =
      snprintf(buffer, sizeof buffer, "GET /hello.txt HTTP/1.0\r\nHost: %s\r\n\r\n", argv[1]);
  if (write(fd, buffer, (size_t)length) != length) return 2;
  size_t got = 0;
  ssize_t n;
  while (got < sizeof buffer - 1 && (n = read(fd, buffer + got, sizeof buffer - 1 - got)) > 0)
    got += (size_t)n;
  buffer[got] = 0;
  const char* body = strstr(buffer, "\r\n\r\n");
  if (!body) return 3;
  fputs(body + 4, stdout);
  return 0;
}

static void* Thread(void* argv) {
  usleep(100000);
  exit(Fetch(argv));
}

int main(int argc, char** argv) {
  int thread = 0;
  for (; argc > 3; ++argv, --argc) {
    if (!strcmp(argv[1], "-r")) raw = 1;
    if (!strcmp(argv[1], "-6")) hints.ai_family = AF_INET6;
    if (!strcmp(argv[1], "-d")) prctl(PR_SET_DUMPABLE, 0);
    if (!strcmp(argv[1], "-t")) thread = 1;
  }
  if (thread) {
    pthread_t id;
    pthread_create(&id, NULL, Thread, argv);
    pthread_exit(NULL);
  }
  return Fetch(argv);
}
