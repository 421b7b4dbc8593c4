// alarm restart|interrupt DELAY_MS HOST PORT: SIGALRM comes DELAY_MS into a connect; prints when
// its handler ran, and what connect returned and when.
#include <signal.h>

#include "program.h"

static volatile long handler_ms;

static void Handler(int signal) {
  (void)signal;
  handler_ms = NowMs();
}

int main(int argc, char** argv) {
  if (argc != 5) {
    Usage("alarm restart|interrupt DELAY_MS HOST PORT");
  }
  const struct Target target = FindTarget(argv[3], argv[4]);
  const long delay_ms = atol(argv[2]);
  struct sigaction action = {.sa_handler = Handler};
  action.sa_flags = strcmp(argv[1], "restart") == 0 ? SA_RESTART : 0;
  sigaction(SIGALRM, &action, NULL);
  const int fd = Socket(&target, SOCK_STREAM);
  const struct itimerval timer = {
      .it_value = {.tv_sec = delay_ms / 1000, .tv_usec = delay_ms % 1000 * 1000}};
  const long start_ms = NowMs();
  setitimer(ITIMER_REAL, &timer, NULL);
  const int result = Connect(fd, &target);
  const int error = result == 0 ? 0 : errno;
  printf("%s handler_ms=%ld connect_ms=%ld\n", result == 0 ? "ok" : ErrnoName(error),
         handler_ms != 0 ? handler_ms - start_ms : -1, NowMs() - start_ms);
  return result != 0;
}
