// loop WHAT HOST PORT [fast]: a non-blocking connect and an event loop that waits for it, in every
// way there is. HOST:PORT is an echo server; the dial takes a while, or none ("fast"). Each WHAT
// ends with "ok" when the loop saw the connection as connect(2), poll(2) and epoll(7) say: not too
// early, once, and whole.
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/uio.h>

#include "program.h"

enum { kData = 0x1234567, kPatienceMs = 8000 };

static struct Target target;
static int is_fast;
static int is_pending;  // the dial under way can't be over yet

static void Fail(const char* what, long value) {
  printf("%s: %ld\n", what, value);
  fflush(stdout);
  _exit(1);
}

static void Expect(int holds, const char* what) {
  if (!holds) {
    printf("not so: %s (%s)\n", what, ErrnoName(errno));
    fflush(stdout);
    _exit(1);
  }
}

static int Begin(void) {
  const int fd = Socket(&target, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC);
  return fd;
}

static void Dial(int fd) {
  Expect(Connect(fd, &target) == -1 && errno == EINPROGRESS, "connect says EINPROGRESS");
  is_pending = !is_fast;
}

static int Open(void) {
  const int fd = Begin();
  Dial(fd);
  return fd;
}

// The connection is up: no error, the right peer, and bytes go both ways.
static void Check(int fd) {
  int error = -1;
  socklen_t length = sizeof error;
  Expect(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0, "getsockopt");
  Expect(error == 0, "SO_ERROR is 0");
  struct sockaddr_storage peer;
  length = sizeof peer;
  Expect(getpeername(fd, (struct sockaddr*)&peer, &length) == 0, "getpeername");
  // Linux itself says 0 to the first.
  Expect(Connect(fd, &target) == 0 || errno == EISCONN, "a connect now");
  Expect(Connect(fd, &target) == -1 && errno == EISCONN, "a connect now says EISCONN");
  Expect(write(fd, "ping\n", 5) == 5, "write");
  struct pollfd one = {fd, POLLIN, 0};
  Expect(poll(&one, 1, kPatienceMs) == 1, "an answer");
  char answer[8];
  Expect(read(fd, answer, sizeof answer) == 5 && memcmp(answer, "ping\n", 5) == 0, "the echo");
}

static int Set(void) {
  const int set = epoll_create1(EPOLL_CLOEXEC);
  Expect(set >= 0, "epoll_create1");
  return set;
}

static void Add(int set, int fd, uint32_t events) {
  struct epoll_event event = {.events = events, .data.u64 = kData};
  Expect(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0, "EPOLL_CTL_ADD");
}

// One event of the set, which says that the socket is connected.
static void AwaitUp(int set) {
  struct epoll_event got[4];
  Expect(epoll_wait(set, got, 4, kPatienceMs) == 1, "one event");
  if (got[0].events != EPOLLOUT) {
    Fail("events", got[0].events);
  }
  Expect(got[0].data.u64 == kData, "its data");
}

static void Quiet(int set, const char* what) {
  struct epoll_event got[4];
  Expect(epoll_wait(set, got, 4, 0) == 0, what);
}

static void Epoll(uint32_t flags, int before) {
  const int set = Set();
  const int fd = Begin();
  if (before) {
    // An unconnected socket hangs up: that event is older than the connect.
    Add(set, fd, EPOLLOUT | flags);
    struct epoll_event got[4];
    epoll_wait(set, got, 4, 0);
    if ((flags & EPOLLONESHOT) != 0) {
      struct epoll_event event = {.events = EPOLLOUT | flags, .data.u64 = kData};
      Dial(fd);
      Quiet(set, "one shot is over");
      Expect(epoll_ctl(set, EPOLL_CTL_MOD, fd, &event) == 0, "EPOLL_CTL_MOD");
      AwaitUp(set);
      Check(fd);
      return;
    }
    Dial(fd);
  } else {
    Dial(fd);
    Add(set, fd, EPOLLOUT | flags);
  }
  if (is_pending) {
    Quiet(set, "no event yet");
  }
  AwaitUp(set);
  if ((flags & (EPOLLET | EPOLLONESHOT)) != 0) {
    Quiet(set, "no second edge or shot");
  }
  Check(fd);
  close(fd);
  Quiet(set, "nothing after close");
  close(set);
}

static void Polls(int with_mask) {
  const int fd = Open();
  struct pollfd watched[] = {{-1, POLLIN, 0}, {fd, POLLIN | POLLOUT, 0}};
  const struct timespec limit = {kPatienceMs / 1000, 0};
  sigset_t none;
  sigemptyset(&none);
  const int count = with_mask ? ppoll(watched, 2, &limit, &none) : poll(watched, 2, kPatienceMs);
  Expect(count == 1, "one descriptor");
  if (watched[1].revents != POLLOUT || watched[0].revents != 0) {
    Fail("revents", watched[1].revents);
  }
  Check(fd);
}

static void Selects(int with_mask) {
  const int fd = Open();
  fd_set in, out;
  FD_ZERO(&in);
  FD_ZERO(&out);
  FD_SET(fd, &in);
  FD_SET(fd, &out);
  struct timeval limit = {kPatienceMs / 1000, 0};
  const struct timespec same = {kPatienceMs / 1000, 0};
  const int count = with_mask ? pselect(fd + 1, &in, &out, NULL, &same, NULL)
                              : select(fd + 1, &in, &out, NULL, &limit);
  if (count != 1) {
    Fail("select", count);
  }
  Expect(FD_ISSET(fd, &out) && !FD_ISSET(fd, &in), "writable alone");
  Expect(with_mask || limit.tv_sec < kPatienceMs / 1000, "the time left is told");
  Check(fd);
}

static void SeveralSets(void) {
  const int sets[] = {Set(), Set(), Set()};
  const int fd = Begin();
  Add(sets[0], fd, EPOLLOUT);
  Dial(fd);
  const int copy = dup(fd);
  Add(sets[1], fd, EPOLLOUT | EPOLLET);
  Add(sets[2], copy, EPOLLOUT);
  AwaitUp(sets[1]);
  AwaitUp(sets[2]);
  AwaitUp(sets[0]);
  close(fd);
  Check(copy);
}

static void Nested(void) {
  const int inner = Set();
  const int outer = Set();
  Add(outer, inner, EPOLLIN);
  const int fd = Open();
  Add(inner, fd, EPOLLOUT);
  for (int turn = 0; turn < 1000; ++turn) {
    struct epoll_event got;
    Expect(epoll_wait(outer, &got, 1, kPatienceMs) == 1 && got.events == EPOLLIN, "outer set");
    if (epoll_wait(inner, &got, 1, 0) == 1) {
      Expect(got.events == EPOLLOUT && got.data.u64 == kData, "inner event");
      Check(fd);
      return;
    }
  }
  Fail("turns", 1000);
}

static void* WaitInThread(void* argument) {
  AwaitUp(*(int*)argument);
  return NULL;
}

// One thread sits in epoll_wait when another connects: Netty's way, and Java NIO's.
static void Threads(uint32_t flags, int before) {
  int set = Set();
  pthread_t thread;
  const int fd = Begin();
  if (before) {
    Add(set, fd, flags == 0 ? EPOLLIN : EPOLLIN | flags);
    struct epoll_event got;
    epoll_wait(set, &got, 1, 0);
  }
  if (!before) {
    pthread_create(&thread, NULL, WaitInThread, &set);
    usleep(50000);
  }
  Dial(fd);
  struct epoll_event event = {.events = EPOLLOUT | flags, .data.u64 = kData};
  if (before) {
    pthread_create(&thread, NULL, WaitInThread, &set);
    usleep(20000);
    Expect(epoll_ctl(set, EPOLL_CTL_MOD, fd, &event) == 0, "EPOLL_CTL_MOD");
  } else {
    Expect(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0, "EPOLL_CTL_ADD");
  }
  pthread_join(thread, NULL);
  Check(fd);
}

static void* DialInThread(void* argument) {
  (void)argument;
  for (int i = 0; i < 3; ++i) {
    const int fd = Open();
    struct pollfd one = {fd, POLLOUT, 0};
    Expect(poll(&one, 1, kPatienceMs) == 1 && one.revents == POLLOUT, "poll");
    Check(fd);
    close(fd);
  }
  return NULL;
}

// Each thread dials and polls for itself: what a pool of HTTP clients does.
static void Pool(void) {
  pthread_t threads[16];
  for (int i = 0; i < 16; ++i) {
    pthread_create(&threads[i], NULL, DialInThread, NULL);
  }
  for (int i = 0; i < 16; ++i) {
    pthread_join(threads[i], NULL);
  }
}

static void States(void) {
  const int fd = Open();
  char byte;
  if (is_pending) {
    int error = -1;
    socklen_t length = sizeof error;
    Expect(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == 0,
           "no error yet");
    Expect(Connect(fd, &target) == -1 && errno == EALREADY, "EALREADY");
    struct sockaddr_storage peer;
    length = sizeof peer;
    Expect(getpeername(fd, (struct sockaddr*)&peer, &length) == -1 && errno == ENOTCONN, "no peer");
    Expect(read(fd, &byte, 1) == -1 && errno == EAGAIN, "read says EAGAIN");
    Expect(recv(fd, &byte, 1, 0) == -1 && errno == EAGAIN, "recv says EAGAIN");
    Expect(write(fd, "early", 5) == -1 && errno == EAGAIN, "write says EAGAIN");
    Expect(send(fd, "early", 5, MSG_NOSIGNAL) == -1 && errno == EAGAIN, "send says EAGAIN");
    struct iovec piece = {"early", 5};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    Expect(writev(fd, &piece, 1) == -1 && errno == EAGAIN, "writev says EAGAIN");
    Expect(sendmsg(fd, &message, MSG_NOSIGNAL) == -1 && errno == EAGAIN, "sendmsg says EAGAIN");
    Expect(fcntl(fd, F_GETFL) & O_NONBLOCK, "still non-blocking");
  }
  for (int turn = 0; turn < kPatienceMs; ++turn) {  // a loop without poll
    if (Connect(fd, &target) == 0 || errno == EISCONN) {
      Check(fd);
      return;
    }
    Expect(errno == EALREADY, "EALREADY until then");
    usleep(1000);
  }
  Fail("turns", kPatienceMs);
}

static void Timeouts(void) {
  const int set = Set();
  const int fd = Open();
  Add(set, fd, EPOLLOUT);
  struct epoll_event got;
  struct pollfd one = {fd, POLLOUT, 0};
  long start = NowMs();
  Expect(epoll_wait(set, &got, 1, 40) == 0, "epoll_wait's time is over");
  long took = NowMs() - start;
  Expect(took >= 40, "not earlier");
  start = NowMs();
  Expect(poll(&one, 1, 40) == 0, "poll's time is over");
  took = NowMs() - start;
  Expect(took >= 40, "not earlier");
  Expect(poll(&one, 1, 0) == 0, "poll that doesn't wait");
  AwaitUp(set);
  Check(fd);
}

static void OnAlarm(int signal) { (void)signal; }

static void Interrupted(void) {
  const struct sigaction action = {.sa_handler = OnAlarm};
  sigaction(SIGALRM, &action, NULL);
  const struct itimerval soon = {{0, 0}, {0, 30000}};
  const int set = Set();
  const int fd = Open();
  Add(set, fd, EPOLLOUT);
  struct epoll_event got;
  struct pollfd one = {fd, POLLOUT, 0};
  setitimer(ITIMER_REAL, &soon, NULL);
  Expect(epoll_wait(set, &got, 1, kPatienceMs) == -1 && errno == EINTR, "epoll_wait: EINTR");
  setitimer(ITIMER_REAL, &soon, NULL);
  Expect(poll(&one, 1, kPatienceMs) == -1 && errno == EINTR, "poll: EINTR");
  AwaitUp(set);
  Check(fd);
}

static void Forked(void) {
  const int fd = Open();
  const pid_t child = fork();
  struct pollfd one = {fd, POLLOUT, 0};
  if (child == 0) {
    // The dial is the parent's; its bytes are not to be mixed with the child's.
    if (is_pending) {
      Expect(write(fd, "early", 5) == -1 && errno == EAGAIN, "the child's write says EAGAIN");
    }
    Expect(poll(&one, 1, kPatienceMs) == 1 && one.revents == POLLOUT, "the child hears of it");
    _exit(0);
  }
  Expect(poll(&one, 1, kPatienceMs) == 1 && one.revents == POLLOUT, "poll");
  Check(fd);
  int status;
  Expect(waitpid(child, &status, 0) == child, "waitpid");
  if (status != 0) {
    Fail("child", status);
  }
}

static void VForked(void) {
  const int fd = Open();
  const pid_t child = vfork();
  if (child == 0) {
    close(fd);
    dup2(0, fd);
    execl("/bin/true", "true", (char*)NULL);
    _exit(127);
  }
  struct pollfd one = {fd, POLLOUT, 0};
  Expect(poll(&one, 1, kPatienceMs) == 1 && one.revents == POLLOUT, "poll");
  Check(fd);
  int status;
  Expect(waitpid(child, &status, 0) == child, "waitpid");
}

static void Closed(void) {
  const int set = Set();
  for (int i = 0; i < 50; ++i) {
    const int fd = Open();
    Add(set, fd, EPOLLOUT);
    if (i % 2 == 0) {
      close(fd);
    } else {
      const int other = Begin();
      Expect(dup2(other, fd) == fd, "dup2");
      close(other);
      Dial(fd);
      Add(set, fd, EPOLLOUT);
      close(fd);
    }
    Quiet(set, "nothing of what is closed");
  }
  const int fd = Open();
  Add(set, fd, EPOLLOUT);
  AwaitUp(set);
  Check(fd);
}

// Everything but two descriptors is closed, by number and by range: none of it is the loop's.
static void CloseAll(void) {
  const int set = Set();
  const int fd = Open();
  Add(set, fd, EPOLLOUT);
  for (int other = 3; other < 64; ++other) {
    if (other != set && other != fd) {
      close(other);
    }
  }
  const int end = (set > fd ? set : fd) + 1;
#ifdef __GLIBC__
  close_range((unsigned)end, ~0u, 0);
#endif
  // What the program makes now gets numbers of its own.
  const int taken[] = {dup(0), dup(0), dup(0)};
  for (int i = 0; i < 3; ++i) {
    Expect(taken[i] >= 0 && dup2(0, end + 10 + i) == end + 10 + i, "dup2");
  }
  for (int i = 0; i < 20; ++i) {
    if (end + i != set && end + i != fd) {
      dup2(0, end + i);
    }
  }
  AwaitUp(set);
  Check(fd);
}

static void Undone(void) {
  const int set = Set();
  const int fd = Open();
  struct sockaddr none = {.sa_family = AF_UNSPEC};
  Expect(connect(fd, &none, sizeof none) == 0, "AF_UNSPEC");
  Dial(fd);
  if (is_pending) {
    Expect(shutdown(fd, SHUT_RDWR) == 0, "shutdown");
  } else {
    Expect(connect(fd, &none, sizeof none) == 0, "AF_UNSPEC");
  }
  Dial(fd);
  Add(set, fd, EPOLLOUT);
  AwaitUp(set);
  Check(fd);
}

static void Blocking(void) {
  const int fd = Open();
  Expect(fcntl(fd, F_SETFL, 0) == 0, "fcntl");
  Expect(write(fd, "ping\n", 5) == 5, "a write that waits");
  char answer[8];
  Expect(ReadSome(fd, answer, sizeof answer) == 5, "the echo");
}

// The dial goes on before the program is replaced: what is executed finds a connection.
static void Executed(char* self) {
  const int fd = Open();
  Expect(fcntl(fd, F_SETFD, 0) == 0, "F_SETFD");
  char number[16];
  snprintf(number, sizeof number, "%d", fd);
  execl(self, self, "inherited", number, "0", (char*)NULL);
  Die("execl");
}

static void Inherited(int fd) {
  Expect(write(fd, "ping\n", 5) == 5, "write");
  fcntl(fd, F_SETFL, 0);
  char answer[8];
  Expect(ReadSome(fd, answer, sizeof answer) == 5, "the echo");
}

static void Many(int count) {
  const int set = Set();
  int fds[512];
  for (int i = 0; i < count; ++i) {
    fds[i] = Open();
    struct epoll_event event = {.events = EPOLLOUT | EPOLLET, .data.u32 = (uint32_t)i};
    Expect(epoll_ctl(set, EPOLL_CTL_ADD, fds[i], &event) == 0, "EPOLL_CTL_ADD");
  }
  int up = 0;
  char seen[512] = {0};
  while (up < count) {
    struct epoll_event got[64];
    const int ready = epoll_wait(set, got, 64, kPatienceMs);
    Expect(ready > 0, "events");
    for (int i = 0; i < ready; ++i) {
      Expect(got[i].events == EPOLLOUT && got[i].data.u32 < (uint32_t)count, "an event of ours");
      Expect(seen[got[i].data.u32]++ == 0, "once each");
      ++up;
    }
  }
  for (int i = 0; i < count; ++i) {
    Check(fds[i]);
  }
}

// HOST:PORT refuses.
static void Refused(void) {
  struct {
    const char* how;
  } const ways[] = {{"epoll"}, {"poll"}, {"select"}, {"connect"}, {"read"}, {"write"}};
  for (size_t way = 0; way < sizeof ways / sizeof ways[0]; ++way) {
    const int fd = Open();
    int error = 0;
    socklen_t length = sizeof error;
    struct pollfd one = {fd, POLLOUT, 0};
    if (way == 0) {
      const int set = Set();
      Add(set, fd, EPOLLOUT);
      struct epoll_event got;
      Expect(epoll_wait(set, &got, 1, kPatienceMs) == 1, "an event");
      Expect((got.events & EPOLLOUT) != 0 && (got.events & EPOLLHUP) != 0, "of a failure");
      close(set);
    } else if (way == 2) {
      fd_set out;
      FD_ZERO(&out);
      FD_SET(fd, &out);
      Expect(select(fd + 1, NULL, &out, NULL, NULL) == 1 && FD_ISSET(fd, &out), "select");
    } else {
      Expect(poll(&one, 1, kPatienceMs) == 1, "poll");
      Expect(one.revents == (POLLOUT | POLLERR | POLLHUP), "POLLERR and POLLHUP");
    }
    char byte;
    if (way == 3) {
      error = Connect(fd, &target) == -1 ? errno : 0;
    } else if (way == 4) {
      error = read(fd, &byte, 1) == -1 ? errno : 0;
    } else if (way == 5) {
      error = send(fd, "x", 1, MSG_NOSIGNAL) == -1 ? errno : 0;
    } else {
      Expect(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0, "SO_ERROR");
    }
    printf("%s: %s\n", ways[way].how, ErrnoName(error));
    error = -1;
    Expect(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == 0, "told once");
    close(fd);
  }
}

int main(int argc, char** argv) {
  is_fast = argc == 5 && strcmp(argv[4], "fast") == 0;
  if (argc != 4 + is_fast) {
    Usage("loop WHAT HOST PORT [fast]");
  }
  const char* const what = argv[1];
  if (strcmp(what, "inherited") == 0) {
    Inherited(atoi(argv[2]));
    printf("ok\n");
    return 0;
  }
  target = FindTarget(argv[2], argv[3]);
  const struct {
    const char* name;
    uint32_t flags;
  } kinds[] = {{"level", 0},
               {"edge", EPOLLET},
               {"oneshot", EPOLLONESHOT},
               {"edge-oneshot", EPOLLET | EPOLLONESHOT},
               {"exclusive", EPOLLEXCLUSIVE}};
  int found = 0;
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; ++i) {
    const size_t size = strlen(kinds[i].name);
    if (strncmp(what, kinds[i].name, size) != 0) {
      continue;
    }
    if (strcmp(what + size, "-before") == 0 || strcmp(what + size, "-after") == 0) {
      Epoll(kinds[i].flags, strcmp(what + size, "-before") == 0);
      found = 1;
    } else if (strcmp(what + size, "-thread") == 0 || strcmp(what + size, "-thread-before") == 0) {
      Threads(kinds[i].flags, strcmp(what + size, "-thread") != 0);
      found = 1;
    }
  }
  const struct {
    const char* name;
    void (*run)(void);
  } cases[] = {{"several-sets", SeveralSets},
               {"nested", Nested},
               {"pool", Pool},
               {"states", States},
               {"timeouts", Timeouts},
               {"interrupted", Interrupted},
               {"forked", Forked},
               {"vforked", VForked},
               {"closed", Closed},
               {"close-all", CloseAll},
               {"undone", Undone},
               {"blocking", Blocking},
               {"refused", Refused}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; ++i) {
    if (strcmp(what, cases[i].name) == 0) {
      cases[i].run();
      found = 1;
    }
  }
  if (strcmp(what, "poll") == 0 || strcmp(what, "ppoll") == 0) {
    Polls(what[1] == 'p');
  } else if (strcmp(what, "select") == 0 || strcmp(what, "pselect") == 0) {
    Selects(what[0] == 'p');
  } else if (strcmp(what, "many") == 0) {
    Many(200);
  } else if (strcmp(what, "executed") == 0) {
    Executed(argv[0]);
  } else if (!found) {
    Usage("loop WHAT HOST PORT [fast]");
  }
  printf("ok\n");
  return 0;
}
