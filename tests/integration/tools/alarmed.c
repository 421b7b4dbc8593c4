// alarmed [-r] ADDRESS PORT: a SIGALRM comes 300 ms into a blocking connect; -r: its handler is
// SA_RESTART. Prints "handler MS" from the handler, at once, and at the end "connect ERRNO MS".
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long start_ms;

static long NowMs(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void OnAlarm(int signal) {
  (void)signal;
  const int saved = errno;
  char text[64];
  const int length = snprintf(text, sizeof text, "handler %ld\n", NowMs() - start_ms);
  if (write(1, text, (size_t)length) < 0) _exit(9);
  errno = saved;
}

int main(int argc, char** argv) {
  struct sigaction action = {.sa_handler = OnAlarm};
  if (!strcmp(argv[1], "-r")) {
    action.sa_flags = SA_RESTART;
    ++argv;
  }
  sigaction(SIGALRM, &action, NULL);
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[2]))};
  inet_pton(AF_INET, argv[1], &to.sin_addr);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const struct itimerval soon = {.it_value = {.tv_usec = 300000}};
  start_ms = NowMs();
  setitimer(ITIMER_REAL, &soon, NULL);
  const int rc = connect(fd, (struct sockaddr*)&to, sizeof to);
  const int error = rc ? errno : 0;
  char text[64];
  const int length = snprintf(text, sizeof text, "connect %d %ld\n", error, NowMs() - start_ms);
  return write(1, text, (size_t)length) < 0;
}
