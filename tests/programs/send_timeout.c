// send_timeout MS HOST PORT: connect on a socket with SO_SNDTIMEO; prints what it returned and
// when, and whether the option is as it was.
#include "program.h"

int main(int argc, char** argv) {
  if (argc != 4) {
    Usage("send_timeout MS HOST PORT");
  }
  const struct Target target = FindTarget(argv[2], argv[3]);
  const long timeout_ms = atol(argv[1]);
  const struct timeval timeout = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
  const int fd = Socket(&target, SOCK_STREAM);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  struct timeval before = {0};
  struct timeval after = {0};
  socklen_t length = sizeof before;
  getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &before, &length);
  const long start_ms = NowMs();
  const int result = Connect(fd, &target);
  const int error = result == 0 ? 0 : errno;
  const long took_ms = NowMs() - start_ms;
  getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &after, &length);
  const int same = before.tv_sec == after.tv_sec && before.tv_usec == after.tv_usec;
  printf("%s connect_ms=%ld option=%s\n", result == 0 ? "ok" : ErrnoName(error), took_ms,
         same ? "kept" : "changed");
  return result != 0;
}
