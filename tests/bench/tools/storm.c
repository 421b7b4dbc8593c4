// storm THREADS COUNT HOST PORT: THREADS threads make COUNT connections to a server that says one
// byte (greet), and prints how many that was a second. Each is closed after that byte: else they
// would queue up before a slow server, and be lost. A few may fail, and are made again.
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { kMayFail = 10 };

static struct addrinfo* target;
static atomic_long left;
static atomic_int failed;

static void* Connect(void* unused) {
  (void)unused;
  while (atomic_fetch_sub(&left, 1) > 0) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char byte;
    if (fd < 0 || connect(fd, target->ai_addr, target->ai_addrlen) != 0 ||
        recv(fd, &byte, 1, 0) != 1) {
      perror("connect");
      if (fd < 0 || atomic_fetch_add(&failed, 1) >= kMayFail) exit(1);
      atomic_fetch_add(&left, 1);
    }
    close(fd);
  }
  return NULL;
}

static double Now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char** argv) {
  const long threads = argc == 5 ? atol(argv[1]) : 0;
  const long count = argc == 5 ? atol(argv[2]) : 0;
  if (threads < 1 || count < 1) return 2;
  const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
  const int error = getaddrinfo(argv[3], argv[4], &hints, &target);
  if (error != 0) {
    fprintf(stderr, "%s: %s\n", argv[3], gai_strerror(error));
    return 1;
  }
  atomic_init(&left, count);
  pthread_t* const made = malloc((size_t)threads * sizeof *made);
  const double start = Now();
  for (long i = 0; i < threads; ++i) {
    if (pthread_create(&made[i], NULL, Connect, NULL) != 0) return 1;
  }
  for (long i = 0; i < threads; ++i) pthread_join(made[i], NULL);
  printf("%.1f\n", (double)count / (Now() - start));
  free(made);
  freeaddrinfo(target);
  return 0;
}
