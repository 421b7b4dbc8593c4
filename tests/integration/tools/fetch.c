// fetch [-r] [-6] HOST PORT: looks HOST up, connects, asks for /hello.txt, prints the body.
// -r: connect by syscall(2), not by libc's function. At failure one line says which call and how:
// "getaddrinfo: TEXT" or "connect: ERRNO-NUMBER", and the status is 1.
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char** argv) {
  int raw = 0;
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list, *at;
  for (; argc > 3; ++argv, --argc) {
    if (!strcmp(argv[1], "-r")) raw = 1;
    if (!strcmp(argv[1], "-6")) hints.ai_family = AF_INET6;
  }
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
