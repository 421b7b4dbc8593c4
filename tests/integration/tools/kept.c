// kept [-n | -c] ADDRESS PORT: what of a socket is left after its connect? Sets options, registers
// it with an epoll instance, connects to an echo server (-n: the socket is non-blocking), then
// prints one "name value" line for each property. Then closes the socket and sleeps, so that the
// far end sees a FIN only if this descriptor was the last. -c: connects, closes and sleeps, no
// more.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

static int get(int fd, int level, int option) {
  int value = -1;
  socklen_t length = sizeof value;
  getsockopt(fd, level, option, &value, &length);
  return value;
}

static unsigned long inode(int fd) {
  struct stat st;
  fstat(fd, &st);
  return st.st_ino;
}

int main(int argc, char** argv) {
  const int nonblocking = !strcmp(argv[1], "-n");
  const int close_only = !strcmp(argv[1], "-c");
  if (nonblocking || close_only) ++argv;
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[2]))};
  inet_pton(AF_INET, argv[1], &to.sin_addr);

  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (nonblocking ? SOCK_NONBLOCK : 0), 0);
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
  const struct timeval send_limit = {.tv_sec = 33};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &send_limit, sizeof send_limit);
  const int flags = fcntl(fd, F_GETFL);
  const unsigned long before = inode(fd);

  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = 4711};
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);

  int rc = connect(fd, (struct sockaddr*)&to, sizeof to);
  if (rc && errno == EINPROGRESS) {
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    poll(&wait, 1, 20000);
    errno = get(fd, SOL_SOCKET, SO_ERROR);
    rc = errno ? -1 : 0;
  }
  if (rc) {
    printf("connect %d\n", errno);
    return 1;
  }
  puts("connect 0");
  if (close_only) {
    close(fd);
    puts("closed");
    fflush(stdout);
    sleep(3);
    return 0;
  }
  printf("same_file %d\n", inode(fd) == before);
  printf("cloexec %d\n", (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  printf("same_flags %d\n", fcntl(fd, F_GETFL) == flags);
  printf("nonblock %d\n", (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
  printf("nodelay %d\n", get(fd, IPPROTO_TCP, TCP_NODELAY));
  printf("keepalive %d\n", get(fd, SOL_SOCKET, SO_KEEPALIVE));
  struct timeval now = {0};
  socklen_t length = sizeof now;
  getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &now, &length);
  printf("send_limit %ld\n", (long)now.tv_sec);
  printf("early_event %d\n", epoll_wait(epoll, &event, 1, 0));
  if (write(fd, "ping", 4) != 4) return 2;
  const int events = epoll_wait(epoll, &event, 1, 10000);
  printf("epoll_event %d\n", events == 1 && event.data.u32 == 4711 && event.events == EPOLLIN);
  event.events = EPOLLOUT;
  printf("epoll_mod %d\n", epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event));
  char text[64] = "";
  printf("echo %s\n", read(fd, text, 4) == 4 ? text : "none");

  struct sockaddr_in peer = {0};
  length = sizeof peer;
  getpeername(fd, (struct sockaddr*)&peer, &length);
  inet_ntop(AF_INET, &peer.sin_addr, text, sizeof text);
  printf("peer %s:%d\n", text, ntohs(peer.sin_port));
  // The kernel writes as much as fits and says the full length.
  unsigned char cut[sizeof peer];
  memset(cut, 0xee, sizeof cut);
  length = 4;
  getpeername(fd, (struct sockaddr*)cut, &length);
  printf("peer_cut %d\n", length == sizeof peer && !memcmp(cut, &peer, 4) && cut[4] == 0xee);
  close(fd);
  puts("closed");
  fflush(stdout);
  sleep(3);
  return 0;
}
