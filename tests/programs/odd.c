// odd HOW HOST PORT: connects to an echo server in a way that few programs do, and has it answer.
// With "+" behind HOW the socket is non-blocking.
//   dup           on a copy of the descriptor, once the first is closed
//   sent          on a socket that another process made and sent over AF_UNIX
//   given         and gives the connected socket to another process, which talks
//   handler       in a signal handler
//   vfork         in a child by vfork(2), which shares this process's memory
//   clone         in a thread by clone(2), which libc knows nothing of
//   last          in a thread that lives when the first one has ended
//   closed        after all descriptors but the standard ones were closed
//   undumpable    as a process that nobody may look into (PR_SET_DUMPABLE)
//   mptcp         on an MPTCP socket
//   bound         on a socket that was bound to a port
//   device=NAME   on a socket that was bound to a device (SO_BINDTODEVICE)
//   transparent   on a socket with IP_TRANSPARENT
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "program.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

static struct Target target;
static int type = SOCK_STREAM;
static int failed;  // of what runs where it can't say so: in a handler, a thread
static int the_socket;

static int ConnectWhole(int fd) {
  if (Connect(fd, &target) == 0) return 0;
  return errno == EINPROGRESS ? FinishConnect(fd) : -1;
}

static int Done(int fd) {
  if (Echo(fd, "ping\n") != 0) Die("echo");
  printf("ok\n");
  fflush(stdout);
  return 0;
}

static int ConnectAndTalk(int fd) {
  if (ConnectWhole(fd) != 0) Die("connect");
  return Done(fd);
}

static int OnCopy(void) {
  const int first = Socket(&target, type);
  const int copy = fcntl(dup(first), F_DUPFD_CLOEXEC, 40);
  close(first);
  return ConnectAndTalk(copy);
}

static void Send(int way, int fd) {
  char byte = 0;
  char control[CMSG_SPACE(sizeof fd)] = {0};
  struct iovec data = {.iov_base = &byte, .iov_len = 1};
  struct msghdr message = {
      .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr* const rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(rights), &fd, sizeof fd);
  if (sendmsg(way, &message, 0) != 1) Die("sendmsg");
}

static int Receive(int way) {
  char byte;
  int fd = -1;
  char control[CMSG_SPACE(sizeof fd)];
  struct iovec data = {.iov_base = &byte, .iov_len = 1};
  struct msghdr message = {
      .msg_iov = &data, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  if (recvmsg(way, &message, 0) != 1 || CMSG_FIRSTHDR(&message) == NULL) Die("recvmsg");
  memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
  return fd;
}

static int End(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child) Die("waitpid");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// The child makes the socket, or talks on it.
static int OverUnix(int child_makes) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) Die("socketpair");
  const pid_t child = fork();
  if (child == 0) {
    if (child_makes) {
      Send(ends[1], Socket(&target, type));
      _exit(0);
    }
    _exit(Done(Receive(ends[1])));
  }
  if (child_makes) {
    const int fd = Receive(ends[0]);
    End(child);
    return ConnectAndTalk(fd);
  }
  const int fd = Socket(&target, type);
  if (ConnectWhole(fd) != 0) Die("connect");
  Send(ends[0], fd);
  close(fd);
  return End(child);
}

static void OnSignal(int number) {
  (void)number;
  failed = ConnectWhole(the_socket) == 0 ? 0 : errno;
}

static int TalkOnTheSocket(void) {
  errno = failed;
  if (failed != 0) Die("connect");
  return Done(the_socket);
}

static int InHandler(void) {
  struct sigaction action = {.sa_handler = OnSignal};
  the_socket = Socket(&target, type);
  sigaction(SIGUSR1, &action, NULL);
  raise(SIGUSR1);
  return TalkOnTheSocket();
}

static int InVforkChild(void) {
  the_socket = Socket(&target, type);
  const pid_t child = vfork();
  if (child == 0) {
    OnSignal(0);
    _exit(0);
  }
  End(child);
  return TalkOnTheSocket();
}

static int InClone(void* unused) {
  (void)unused;
  OnSignal(0);
  return 0;
}

// Without thread-local storage of its own: it has this thread's, which waits.
static int InThreadOfClone(void) {
  static char stack[256 << 10] __attribute__((aligned(16)));
  static pid_t running = 1;
  const int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                    CLONE_SYSVSEM | CLONE_CHILD_CLEARTID;
  the_socket = Socket(&target, type);
  if (clone(InClone, stack + sizeof stack, flags, NULL, NULL, NULL, &running) < 0) Die("clone");
  while (__atomic_load_n(&running, __ATOMIC_ACQUIRE) != 0) {
    syscall(SYS_futex, &running, 0 /* FUTEX_WAIT */, 1, NULL, NULL, 0);
  }
  return TalkOnTheSocket();
}

// The first thread is a zombie by then, as its /proc/PID/stat says.
static void* InLastThread(void* unused) {
  char state = 0;
  while (state != 'Z') {
    FILE* const file = fopen("/proc/self/stat", "r");
    if (file == NULL || fscanf(file, "%*d (%*[^)]) %c", &state) != 1) Die("/proc/self/stat");
    fclose(file);
  }
  ConnectAndTalk(Socket(&target, type));
  exit(0);
  return unused;
}

static int InLast(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, InLastThread, NULL) != 0) Die("pthread_create");
  pthread_exit(NULL);
}

static int WithAllClosed(void) {
  for (int fd = 3; fd < 1024; ++fd) {
    close(fd);
  }
  syscall(SYS_close_range, 3, ~0u, 0);
  return ConnectAndTalk(Socket(&target, type));
}

static int OnMptcp(void) {
  const int fd = socket(target.address.ss_family, type, IPPROTO_MPTCP);
  if (fd < 0) Die("socket");
  return ConnectAndTalk(fd);
}

static int OnBound(void) {
  struct sockaddr_in any = {.sin_family = AF_INET};
  struct sockaddr_in after;
  socklen_t size = sizeof any;
  const int fd = Socket(&target, type);
  if (bind(fd, (struct sockaddr*)&any, sizeof any) != 0) Die("bind");
  getsockname(fd, (struct sockaddr*)&any, &size);
  if (ConnectWhole(fd) != 0) Die("connect");
  getsockname(fd, (struct sockaddr*)&after, &size);
  if (any.sin_port == 0 || after.sin_port != any.sin_port) Die("another port");
  return Done(fd);
}

static int OnDevice(const char* name) {
  const int fd = Socket(&target, type);
  if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name) + 1) != 0) {
    Die("SO_BINDTODEVICE");
  }
  return ConnectAndTalk(fd);
}

static int OnTransparent(void) {
  const int on = 1;
  const int fd = Socket(&target, type);
  if (setsockopt(fd, IPPROTO_IP, IP_TRANSPARENT, &on, sizeof on) != 0) {
    Die("IP_TRANSPARENT");
  }
  return ConnectAndTalk(fd);
}

int main(int argc, char** argv) {
  if (argc != 4) Usage("odd HOW[+] HOST PORT");
  char* const how = argv[1];
  const size_t length = strlen(how);
  if (length > 0 && how[length - 1] == '+') {
    how[length - 1] = '\0';
    type |= SOCK_NONBLOCK;
  }
  target = FindTarget(argv[2], argv[3]);
  if (strcmp(how, "dup") == 0) return OnCopy();
  if (strcmp(how, "sent") == 0) return OverUnix(1);
  if (strcmp(how, "given") == 0) return OverUnix(0);
  if (strcmp(how, "handler") == 0) return InHandler();
  if (strcmp(how, "vfork") == 0) return InVforkChild();
  if (strcmp(how, "clone") == 0) return InThreadOfClone();
  if (strcmp(how, "last") == 0) return InLast();
  if (strcmp(how, "closed") == 0) return WithAllClosed();
  if (strcmp(how, "mptcp") == 0) return OnMptcp();
  if (strcmp(how, "bound") == 0) return OnBound();
  if (strncmp(how, "device=", 7) == 0) return OnDevice(how + 7);
  if (strcmp(how, "transparent") == 0) return OnTransparent();
  if (strcmp(how, "undumpable") == 0) {
    prctl(PR_SET_DUMPABLE, 0);
    return ConnectAndTalk(Socket(&target, type));
  }
  Usage("odd HOW[+] HOST PORT");
  return 2;
}
