// cookie_leak HOST PORT: one libc connect, then connects that don't go through libc's symbol and
// touch no other register than those of their three arguments: right after it in the same thread,
// in a forked child, in another thread, and once more after another libc call. Each prints
// "KIND ok" or "KIND ERRNO"; whether they were caught is for the peers and the log to say.
#include <pthread.h>
#include <sys/syscall.h>

#include "program.h"

static struct Target target;

#if defined(__x86_64__)
static long BareConnect(int fd) {
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"((long)SYS_connect), "D"((long)fd), "S"(&target.address),
                     "d"((long)target.length)
                   : "rcx", "r11", "memory");
  return result;
}
#else
static long BareConnect(int fd) {
  const long result = syscall(SYS_connect, fd, &target.address, target.length);
  return result < 0 ? -errno : result;
}
#endif

static void Show(const char* kind, int fd, long result) {
  if (result == 0 && Echo(fd, "ping\n") != 0) {
    result = -errno;
  }
  printf("%s %s\n", kind, result == 0 ? "ok" : ErrnoName((int)-result));
  fflush(stdout);
  close(fd);
}

static void* Thread(void* unused) {
  const int fd = Socket(&target, SOCK_STREAM);
  Show("thread", fd, BareConnect(fd));
  return unused;
}

int main(int argc, char** argv) {
  if (argc != 3) {
    Usage("cookie_leak HOST PORT");
  }
  target = FindTarget(argv[1], argv[2]);
  // Made before, so that nothing stands between the two connects.
  const int first = Socket(&target, SOCK_STREAM);
  const int second = Socket(&target, SOCK_STREAM);
  const int third = Socket(&target, SOCK_STREAM);
  const int fourth = Socket(&target, SOCK_STREAM);
  const int libc_result = Connect(first, &target);
  const long bare = BareConnect(second);
  const long through_syscall = syscall(SYS_connect, third, &target.address, target.length);
  const int error = errno;
  Show("libc", first, libc_result == 0 ? 0 : -error);
  Show("bare", second, bare);
  Show("syscall", third, through_syscall == 0 ? 0 : -error);
  const pid_t child = fork();
  if (child == 0) {
    Show("child", fourth, BareConnect(fourth));
    _exit(0);
  }
  waitpid(child, NULL, 0);
  pthread_t thread;
  pthread_create(&thread, NULL, Thread, NULL);
  pthread_join(thread, NULL);
  struct sockaddr_storage peer;
  socklen_t length = sizeof peer;
  const int again = Socket(&target, SOCK_STREAM);
  getpeername(again, (struct sockaddr*)&peer, &length);
  Show("after-getpeername", again, BareConnect(again));
  return 0;
}
