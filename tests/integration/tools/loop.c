// loop HOW COUNT HOST PORT: an event loop of one thread, with an epoll set that has each socket
// before it is connected, and a timer that ticks every 10 ms. HOST is an address.
//
// echo      sends a line that says which connection it is, half-closes, and reads to the end
// hello     reads a byte before it sends, then as echo
// quiet     half-closes at once, and reads to the end
// ask       sends an HTTP request and reads to the end
// cut       sends a byte, waits for one, and resets
// read      sends nothing and reads until the end
// leave     ends the process once all connects have been told, without a word
// leave-all the same, with a line sent on each
// hold      as echo, but keeps all open until the end of its standard input, then half-closes
// big       sends 16 MiB while it reads them, half-closes, and compares
//
// Prints "connect ERRNO" of each connect(2) that said neither 0 nor EINPROGRESS, "up N TICKS" when
// the first one is writable, "end I ERRNO BYTES" for each connection, with what read(2) or SO_ERROR
// said, and "ticks N" at the end. "peer 1": getpeername(2) of the first says the target, as soon as
// connect(2) has returned. "held COUNT RIGHT": all have their echoes, and of so many it says that.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { kBig = 16 << 20 };
enum { kTimer = -1, kInput = -2 };

struct Connection {
  int fd;
  int up;
  int shut;
  long sent;
  long received;
  char line[24];
};

static const char* how;
static struct Connection* connections;
static int set, open_count, said_up, held;
static long ticks;

static int Is(const char* word) { return !strcmp(how, word); }

static char Pattern(long at) { return (char)(at * 7 + at / 251); }

static void End(struct Connection* c, int error) {
  printf("end %d %d %ld\n", (int)(c - connections), error, c->received);
  close(c->fd);
  c->fd = -1;
  --open_count;
}

static void HalfClose(struct Connection* c) {
  if (!c->shut) shutdown(c->fd, SHUT_WR);
  c->shut = 1;
}

static void Cut(struct Connection* c) {
  const struct linger now = {1, 0};
  setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  End(c, 0);
}

static void Write(struct Connection* c) {
  static char piece[65536];
  if (Is("big")) {
    while (c->sent < kBig) {
      const long left = kBig - c->sent;
      const long size = left < (long)sizeof piece ? left : (long)sizeof piece;
      for (long i = 0; i < size; ++i) piece[i] = Pattern(c->sent + i);
      const ssize_t sent = send(c->fd, piece, (size_t)size, MSG_NOSIGNAL);
      if (sent < 0) return;
      c->sent += sent;
    }
    HalfClose(c);
  } else if (Is("read") || Is("leave")) {
  } else if (Is("quiet")) {
    HalfClose(c);
  } else if (c->sent == 0 && (!Is("hello") || c->received > 0)) {
    const char* const text = Is("ask") ? "GET /hello.txt HTTP/1.0\r\n\r\n" : c->line;
    c->sent = send(c->fd, text, Is("cut") ? 1 : strlen(text), MSG_NOSIGNAL);
    if (Is("echo") || Is("hello")) HalfClose(c);
  }
}

static void Read(struct Connection* c) {
  static char piece[65536];
  for (;;) {
    const ssize_t got = read(c->fd, piece, Is("hello") && c->received == 0 ? 1 : sizeof piece);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      End(c, got < 0 ? errno : 0);
      return;
    }
    for (long i = 0; Is("big") && i < got; ++i) {
      if (piece[i] != Pattern(c->received + i)) {
        End(c, EINVAL);
        return;
      }
    }
    c->received += got;
    if (Is("cut")) {
      Cut(c);
      return;
    }
    if (Is("hold") && c->received >= (long)strlen(c->line)) ++held;
    if (Is("hello")) Write(c);
  }
}

static void Start(struct Connection* c, const struct sockaddr* address, socklen_t size) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.u64 = c - connections};
  c->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  epoll_ctl(set, EPOLL_CTL_ADD, c->fd, &event);
  if (connect(c->fd, address, size) != 0 && errno != EINPROGRESS) {
    printf("connect %d\n", errno);
    close(c->fd);
    c->fd = -1;
    --open_count;
  }
}

static struct sockaddr_storage target;
static socklen_t target_size;

static int IsConnectedToTarget(int fd) {
  struct sockaddr_storage peer;
  socklen_t size = sizeof peer;
  return getpeername(fd, (struct sockaddr*)&peer, &size) == 0 && size == target_size &&
         !memcmp(&peer, &target, size);
}

int main(int argc, char** argv) {
  if (argc != 5) return 9;
  how = argv[1];
  open_count = atoi(argv[2]);
  connections = calloc((size_t)open_count, sizeof *connections);
  setvbuf(stdout, NULL, _IOLBF, 0);
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);

  struct sockaddr_in6* const v6 = (struct sockaddr_in6*)&target;
  struct sockaddr_in* const v4 = (struct sockaddr_in*)&target;
  target_size = sizeof *v6;
  target.ss_family = AF_INET6;
  if (inet_pton(AF_INET6, argv[3], &v6->sin6_addr) != 1) {
    target_size = sizeof *v4;
    target.ss_family = AF_INET;
    if (inet_pton(AF_INET, argv[3], &v4->sin_addr) != 1) return 9;
  }
  v4->sin_port = htons((uint16_t)atoi(argv[4]));  // where that of v6 is

  set = epoll_create1(EPOLL_CLOEXEC);
  const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  const struct itimerspec every = {{0, 10000000}, {0, 10000000}};
  timerfd_settime(timer, 0, &every, NULL);
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)kTimer};
  epoll_ctl(set, EPOLL_CTL_ADD, timer, &event);
  event.data.u64 = (uint64_t)kInput;
  if (Is("hold")) epoll_ctl(set, EPOLL_CTL_ADD, 0, &event);

  const int count = open_count;
  int started = 0, said_held = 0;
  while (open_count > 0) {
    struct epoll_event events[64];
    // A few at a time: the loop goes on meanwhile.
    for (int i = 0; i < 64 && started < count; ++i, ++started) {
      struct Connection* const c = connections + started;
      snprintf(c->line, sizeof c->line, "connection %d\n", started);
      Start(c, (struct sockaddr*)&target, target_size);
      if (started == 0) printf("peer %d\n", IsConnectedToTarget(c->fd));
    }
    const int n = epoll_wait(set, events, 64, started < count ? 0 : -1);
    for (int i = 0; i < n; ++i) {
      if (events[i].data.u64 == (uint64_t)kTimer) {
        uint64_t times;
        if (read(timer, &times, sizeof times) == sizeof times) ++ticks;
        continue;
      }
      if (events[i].data.u64 == (uint64_t)kInput) {
        char input[64];
        if (read(0, input, sizeof input) > 0) continue;
        epoll_ctl(set, EPOLL_CTL_DEL, 0, NULL);
        for (int j = 0; j < count; ++j) {
          if (connections[j].fd >= 0) HalfClose(connections + j);
        }
        continue;
      }
      struct Connection* const c = connections + events[i].data.u64;
      if (c->fd < 0) continue;
      if (events[i].events & EPOLLOUT) {
        if (!c->up) {
          int error = 0;
          socklen_t size = sizeof error;
          getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
          if (error != 0) {
            End(c, error);
            continue;
          }
          c->up = 1;
          if (!said_up++) printf("up %d %ld\n", (int)(c - connections), ticks);
        }
        Write(c);
      }
      if (c->fd >= 0 && events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) Read(c);
    }
    if (Is("hold") && held == count && !said_held++) {
      int right = 0;
      for (int j = 0; j < count; ++j) right += IsConnectedToTarget(connections[j].fd);
      printf("held %d %d\n", held, right);
    }
    if (started == count && (Is("leave") || Is("leave-all"))) {
      int all_up = 1;
      for (int j = 0; j < count; ++j) all_up &= connections[j].up;
      if (all_up) _exit(0);
    }
  }
  printf("ticks %ld\n", ticks);
  return 0;
}
