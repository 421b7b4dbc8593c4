// after_dial ADDRESS PORT: connects again and again in one process, so that a cookie left in a
// register by one connect would let the next past the filter: libc's connect, connects of three
// arguments made by hand (no other register touched), right after a dial and right after a connect
// to loopback, which is one passing call and no more, and one in a forked child. One line each:
// "WHO ERRNO", 0 when the server's echo came back.
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_in to;

static long ByHand(int fd) {
  long rc = SYS_connect;
#if defined(__x86_64__)
  __asm__ volatile("syscall"
                   : "+a"(rc)
                   : "D"((long)fd), "S"(&to), "d"((long)sizeof to)
                   : "rcx", "r11", "memory");
#else
  rc = syscall(SYS_connect, fd, &to, sizeof to) ? -errno : 0;
#endif
  return rc;
}

static int Echo(int fd) {
  char text[4] = "";
  if (write(fd, "ping", 4) != 4 || read(fd, text, 4) != 4 || memcmp(text, "ping", 4)) return -1;
  close(fd);
  return 0;
}

static void Libc(const char* who) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const int error = connect(fd, (struct sockaddr*)&to, sizeof to) ? errno : Echo(fd);
  printf("%s %d\n", who, error);
  fflush(stdout);
}

int main(int argc, char** argv) {
  to.sin_family = AF_INET;
  to.sin_port = htons((unsigned short)atoi(argv[2]));
  inet_pton(AF_INET, argv[1], &to.sin_addr);
  const int raw = socket(AF_INET, SOCK_STREAM, 0);
  // The first dial, then at once the one by hand: nothing in between touches the registers much.
  const int first = socket(AF_INET, SOCK_STREAM, 0);
  const int rc = connect(first, (struct sockaddr*)&to, sizeof to);
  const long by_hand = ByHand(raw);
  printf("first %d\n", rc ? errno : Echo(first));
  printf("by_hand %ld\n", by_hand ? by_hand : Echo(raw));
  fflush(stdout);
  const struct sockaddr_in loopback = {
      .sin_family = AF_INET, .sin_port = htons(1), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  const int near = socket(AF_INET, SOCK_STREAM, 0);
  const int after_loopback = socket(AF_INET, SOCK_STREAM, 0);
  connect(near, (const struct sockaddr*)&loopback, sizeof loopback);
  const long again = ByHand(after_loopback);
  printf("after_loopback %ld\n", again ? again : Echo(after_loopback));
  fflush(stdout);
  Libc("libc");
  const pid_t child = fork();
  if (child == 0) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    const long child_rc = ByHand(fd);
    printf("child %ld\n", child_rc ? child_rc : Echo(fd));
    fflush(stdout);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  return 0;
}
