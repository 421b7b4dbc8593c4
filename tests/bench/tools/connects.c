// connects socks5|plain COUNT HOST PORT [PROXY PROXY-PORT]: COUNT connections one after another,
// each closed once it stands, and prints the seconds they took together.
//
// socks5: the least a program can do, by hand: connect to PROXY and shake hands there, HOST as a
// name. plain: connect(2) to HOST, which is what a program under gochain does.
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stopwatch.h"

static void Die(const char* what) {
  perror(what);
  exit(1);
}

static struct sockaddr_in LookUp(const char* host, const char* port) {
  const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
  struct addrinfo* found;
  const int error = getaddrinfo(host, port, &hints, &found);
  if (error != 0) {
    fprintf(stderr, "%s: %s\n", host, gai_strerror(error));
    exit(1);
  }
  struct sockaddr_in out;
  memcpy(&out, found->ai_addr, sizeof out);
  freeaddrinfo(found);
  return out;
}

static void ReceiveAll(int fd, unsigned char* out, size_t size) {
  while (size > 0) {
    const ssize_t got = recv(fd, out, size, 0);
    if (got <= 0) Die("recv");
    out += got;
    size -= (size_t)got;
  }
}

static void ShakeHands(int fd, const unsigned char* request, size_t size) {
  unsigned char reply[10];
  if (send(fd, "\5\1\0", 3, MSG_NOSIGNAL) != 3) Die("send");
  ReceiveAll(fd, reply, 2);
  if (memcmp(reply, "\5\0", 2) != 0) Die("method");
  if (send(fd, request, size, MSG_NOSIGNAL) != (ssize_t)size) Die("send");
  ReceiveAll(fd, reply, 10);
  if (memcmp(reply, "\5\0\0\1", 4) != 0) Die("reply");
}

static size_t WriteRequest(unsigned char* out, const char* host, const char* port) {
  const size_t length = strlen(host);
  const int number = atoi(port);
  memcpy(out, "\5\1\0\3", 4);
  out[4] = (unsigned char)length;
  memcpy(out + 5, host, length);
  out[5 + length] = (unsigned char)(number >> 8);
  out[6 + length] = (unsigned char)number;
  return 7 + length;
}

int main(int argc, char** argv) {
  const int socks5 = argc == 7 && strcmp(argv[1], "socks5") == 0;
  if (!socks5 && argc != 5) return 2;
  const long count = atol(argv[2]);
  if (strlen(argv[3]) > 255) return 2;
  unsigned char request[262];
  const size_t size = WriteRequest(request, argv[3], argv[4]);
  const struct sockaddr_in address = socks5 ? LookUp(argv[5], argv[6]) : LookUp(argv[3], argv[4]);
  const double start = Now();
  for (long i = 0; i < count; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) Die("socket");
    if (connect(fd, (const struct sockaddr*)&address, sizeof address) != 0) Die("connect");
    if (socks5) ShakeHands(fd, request, size);
    close(fd);
  }
  printf("%.6f\n", Now() - start);
  return 0;
}
