// dials [-n COUNT WORKERS]: many connects at once, each in a thread of its own, and what becomes of
// them. Standard input: lines "HOST PORT", of which the first one is a target that works, then
// "go". Prints "ready" when all are looked up.
//
// Without -n: at the line "dial" prints "dial INDEX ERRNO MS BYTES" for each line but the first and
// then "dialled", where BYTES is what came on the connection, in hex, up to and with the echo of a
// "ping". At the line "again" every socket whose connect failed, and which is still open, is
// connected to the target that works: "again INDEX ERRNO" where that fails, then "done".
// -n: at each further line of input COUNT connects to the targets in turn, by 8 threads, and
// "done". Each "done" is followed by the number of this process's descriptors at the start and now.
#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { kMaxTargets = 2000, kMaxWorkers = 256 };

struct Target {
  struct sockaddr_storage address;
  socklen_t length;
  int fd;
  pthread_t thread;
  int begun;
};

static struct Target targets[kMaxTargets];
static int target_count;
static atomic_int next_dial;
static int dial_count;
static int dials_before;
static int dial_limit;

static long NowMs(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int Descriptors(void) {
  DIR* const folder = opendir("/proc/self/fd");
  int count = -1;  // the folder's own
  for (struct dirent* entry; (entry = readdir(folder)) != NULL;) count += entry->d_name[0] != '.';
  closedir(folder);
  return count;
}

static int Open(const struct Target* target) {
  return socket(target->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int Connect(int fd, const struct Target* target) {
  return connect(fd, (const struct sockaddr*)&target->address, target->length) ? errno : 0;
}

// What comes on `fd` after a "ping", up to its echo or the end.
static void Ping(int fd, char* hex, size_t size) {
  char got[200];
  size_t count = 0;
  if (send(fd, "ping", 4, MSG_NOSIGNAL) != 4) return;
  while (count < sizeof got && (count < 4 || memcmp(got + count - 4, "ping", 4))) {
    if (recv(fd, got + count, 1, 0) != 1) break;
    ++count;
  }
  for (size_t i = 0; i < count && 2 * i + 3 < size; ++i)
    snprintf(hex + 2 * i, 3, "%02x", (unsigned char)got[i]);
}

static void* DialOnce(void* argument) {
  struct Target* const target = argument;
  target->fd = Open(target);
  char hex[420] = "-";
  const long start_ms = NowMs();
  const int error = Connect(target->fd, target);
  const long took_ms = NowMs() - start_ms;
  if (error == 0) {
    Ping(target->fd, hex, sizeof hex);
    close(target->fd);
    target->fd = -1;
  }
  printf("dial %d %d %ld %s\n", (int)(target - targets), error, took_ms, hex);
  return NULL;
}

static void* DialAgain(void* argument) {
  struct Target* const target = argument;
  char hex[420] = "-";
  const int error = Connect(target->fd, &targets[0]);
  if (error == 0) Ping(target->fd, hex, sizeof hex);
  if (error != 0 || strcmp(hex, "70696e67"))
    printf("again %d %d %s\n", (int)(target - targets), error, hex);
  close(target->fd);
  target->fd = -1;
  return NULL;
}

static void* DialInTurn(void* argument) {
  for (int turn; (turn = atomic_fetch_add(&next_dial, 1)) < dial_limit;) {
    const struct Target* const target = &targets[turn % target_count];
    const int fd = Open(target);
    if (fd < 0) abort();
    const struct timeval short_time = {.tv_usec = 20000};
    if (turn % 16 == 5) setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &short_time, sizeof short_time);
    Connect(fd, target);
    close(fd);
  }
  return argument;
}

// Runs `work` for all targets but the first, or for those whose socket is open, at once.
static void ForEach(void* (*work)(void*), int only_open) {
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 256 * 1024);
  for (int i = 1; i < target_count; ++i) {
    targets[i].begun = !only_open || targets[i].fd >= 0;
    if (targets[i].begun && pthread_create(&targets[i].thread, &small, work, &targets[i])) abort();
  }
  for (int i = 1; i < target_count; ++i)
    if (targets[i].begun) pthread_join(targets[i].thread, NULL);
}

static void Resolve(char* line) {
  char* const port = strchr(line, ' ');
  *port = '\0';
  const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_INET};
  struct addrinfo* found;
  const int error = getaddrinfo(line, port + 1, &hints, &found);
  if (error || target_count == kMaxTargets) {
    printf("%s: %s\n", line, gai_strerror(error));
    exit(1);
  }
  struct Target* const target = &targets[target_count++];
  memcpy(&target->address, found->ai_addr, found->ai_addrlen);
  target->length = found->ai_addrlen;
  freeaddrinfo(found);
}

int main(int argc, char** argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  dial_count = argc == 4 ? atoi(argv[2]) : 0;
  const int worker_count = argc == 4 ? atoi(argv[3]) : 0;
  char line[400];
  while (fgets(line, sizeof line, stdin) && strcmp(line, "go\n")) {
    line[strcspn(line, "\n")] = '\0';
    Resolve(line);
  }
  const int before = Descriptors();
  puts("ready");
  while (dial_count == 0 && fgets(line, sizeof line, stdin)) {
    if (!strcmp(line, "dial\n")) {
      ForEach(DialOnce, 0);
      puts("dialled");
    } else {
      ForEach(DialAgain, 1);
      printf("done %d %d\n", before, Descriptors());
    }
  }
  while (fgets(line, sizeof line, stdin)) {
    pthread_t workers[kMaxWorkers];
    next_dial = dials_before;
    dial_limit = dials_before += dial_count;
    for (int i = 0; i < worker_count; ++i) pthread_create(&workers[i], NULL, DialInTurn, NULL);
    for (int i = 0; i < worker_count; ++i) pthread_join(workers[i], NULL);
    printf("done %d %d\n", before, Descriptors());
  }
  return 0;
}
