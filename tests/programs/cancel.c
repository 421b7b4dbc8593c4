// cancel HOST PORT HOST2 PORT2: cancels a thread 300 ms into its connect to the first target, which
// should hang; then the same socket connects to the second, an echo server.
#include <pthread.h>

#include "program.h"

static struct Target hanging;
static int fd;
static volatile int cleaned_up;

static void CleanUp(void* unused) {
  (void)unused;
  cleaned_up = 1;
}

static void* Thread(void* unused) {
  pthread_cleanup_push(CleanUp, NULL);
  Connect(fd, &hanging);
  pthread_cleanup_pop(0);
  return unused;
}

int main(int argc, char** argv) {
  if (argc != 5) {
    Usage("cancel HOST PORT HOST2 PORT2");
  }
  hanging = FindTarget(argv[1], argv[2]);
  const struct Target second = FindTarget(argv[3], argv[4]);
  fd = Socket(&hanging, SOCK_STREAM);
  pthread_t thread;
  pthread_create(&thread, NULL, Thread, NULL);
  usleep(300000);
  const long start_ms = NowMs();
  pthread_cancel(thread);
  void* result = NULL;
  pthread_join(thread, &result);
  const long took_ms = NowMs() - start_ms;
  if (result != PTHREAD_CANCELED || !cleaned_up) {
    printf("not cancelled (cleanup %d)\n", cleaned_up);
    return 1;
  }
  if (took_ms > 1000) {
    printf("cancelled only after %ld ms\n", took_ms);
    return 1;
  }
  struct timeval timeout = {0};
  socklen_t length = sizeof timeout;
  getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, &length);
  if (timeout.tv_sec != 0 || timeout.tv_usec != 0) {
    printf("SO_SNDTIMEO was left at %ld s %ld us\n", (long)timeout.tv_sec, (long)timeout.tv_usec);
    return 1;
  }
  if (Connect(fd, &second) != 0) {
    Die("connect");
  }
  if (Echo(fd, "ping\n") != 0) {
    Die("echo");
  }
  printf("ok\n");
  return 0;
}
