// connect MODE HOST PORT: connects to an echo server and has it answer.
//   blocking, nonblocking   plain
//   threads                 eight at once
//   fork, vfork             in a child
//   grandchild              in a child of a child
//   raw, raw-nonblocking    syscall(SYS_connect), past libc's symbol; and so it is waited for
//   asm                     the bare instruction, past libc altogether
#include <pthread.h>
#include <sys/syscall.h>

#include "program.h"

static struct Target target;

static int RawConnect(int fd) {
  return (int)syscall(SYS_connect, fd, &target.address, target.length);
}

#if defined(__x86_64__)
static int AsmConnect(int fd) {
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"((long)SYS_connect), "D"((long)fd), "S"(&target.address),
                     "d"((long)target.length)
                   : "rcx", "r11", "memory");
  errno = result < 0 ? (int)-result : errno;
  return result < 0 ? -1 : 0;
}
#else
static int AsmConnect(int fd) { return RawConnect(fd); }
#endif

static int RawFinish(int fd) {
  struct pollfd entry = {.fd = fd, .events = POLLOUT};
  int error = 0;
  socklen_t length = sizeof error;
  if (syscall(SYS_ppoll, &entry, 1L, NULL, NULL, 8L) != 1) {
    return -1;
  }
  syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_ERROR, &error, &length);
  errno = error;
  return error == 0 ? 0 : -1;
}

static int LibcConnect(int fd) { return Connect(fd, &target); }

static void Run(int type, int (*connector)(int)) {
  const int fd = Socket(&target, SOCK_STREAM | type);
  errno = 0;
  int result = connector(fd);
  const int in_progress = result != 0 && errno == EINPROGRESS;
  if (in_progress) {
    result = connector == RawConnect ? RawFinish(fd) : FinishConnect(fd);
  } else if (result == 0 && errno != 0) {
    printf("connect: success changed errno to %s\n", ErrnoName(errno));
    _exit(1);
  }
  if (result != 0) {
    Die("connect");
  }
  if (Echo(fd, "ping\n") != 0) {
    Die("echo");
  }
  close(fd);
  printf("ok\n");
  fflush(stdout);
}

static void* Thread(void* unused) {
  Run(0, LibcConnect);
  return unused;
}

static int WaitFor(pid_t child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child) {
    Die("waitpid");
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int InChild(int depth) {
  const pid_t child = fork();
  if (child == 0) {
    if (depth > 1) {
      _exit(InChild(depth - 1));
    }
    Run(0, LibcConnect);
    _exit(0);
  }
  return WaitFor(child);
}

// The child shares the parent's memory, so it only connects and says how that went.
static int InVforkChild(void) {
  const int fd = Socket(&target, SOCK_STREAM);
  const pid_t child = vfork();
  if (child == 0) {
    _exit(Connect(fd, &target) == 0 ? 0 : errno);
  }
  errno = WaitFor(child);
  if (errno != 0) {
    Die("connect");
  }
  if (Echo(fd, "ping\n") != 0) {
    Die("echo");
  }
  printf("ok\n");
  return 0;
}

int main(int argc, char** argv) {
  if (argc != 4) {
    Usage("connect blocking|nonblocking|threads|fork|vfork|grandchild|raw|raw-nonblocking|asm HOST PORT");
  }
  const char* mode = argv[1];
  target = FindTarget(argv[2], argv[3]);
  if (strcmp(mode, "threads") == 0) {
    pthread_t threads[8];
    for (int i = 0; i < 8; ++i) {
      pthread_create(&threads[i], NULL, Thread, NULL);
    }
    for (int i = 0; i < 8; ++i) {
      pthread_join(threads[i], NULL);
    }
    return 0;
  }
  if (strcmp(mode, "fork") == 0) return InChild(1);
  if (strcmp(mode, "grandchild") == 0) return InChild(2);
  if (strcmp(mode, "vfork") == 0) return InVforkChild();
  const int type = strstr(mode, "nonblocking") != NULL ? SOCK_NONBLOCK : 0;
  Run(type, strncmp(mode, "raw", 3) == 0 ? RawConnect
            : strcmp(mode, "asm") == 0   ? AsmConnect
                                         : LibcConnect);
  return 0;
}
