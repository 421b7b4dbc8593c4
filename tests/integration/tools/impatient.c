// impatient HOW HOST PORT GOODHOST GOODPORT: gives a connect to HOST up after 400 ms, as HOW says:
//
// send     SO_SNDTIMEO
// signal   a handler without SA_RESTART
// cancel   the thread is cancelled; another one has the socket
// undo     another thread connects the socket to AF_UNSPEC and then closes it
// exit     another thread ends the process
// wait     it isn't given up
//
// Prints "dialling", then "ended ERRNO MS" (0: no errno can be had), what a connect of the same
// socket, or of a new one where that is closed, to GOODHOST says as "later ERRNO ECHO", and
// "descriptors BEFORE AFTER" with all sockets closed. Then waits for the end of its standard input.
#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { kPatienceMs = 400 };

static struct addrinfo* bad;
static int fd;
static volatile int error;
static const struct timespec patience = {.tv_nsec = kPatienceMs * 1000000};

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

static struct addrinfo* Find(const char* host, const char* port) {
  const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_family = AF_INET};
  struct addrinfo* found;
  if (getaddrinfo(host, port, &hints, &found)) exit(9);
  return found;
}

static void OnAlarm(int number) { (void)number; }

static void* Dial(void* unused) {
  error = connect(fd, bad->ai_addr, bad->ai_addrlen) ? errno : -1;
  return unused;
}

int main(int argc, char** argv) {
  if (argc != 6) return 9;
  const char* const how = argv[1];
  setvbuf(stdout, NULL, _IOLBF, 0);
  bad = Find(argv[2], argv[3]);
  const struct addrinfo* const good = Find(argv[4], argv[5]);
  const int before = Descriptors();
  fd = socket(AF_INET, SOCK_STREAM, 0);
  puts("dialling");
  const long start_ms = NowMs();
  if (!strcmp(how, "cancel") || !strcmp(how, "exit") || !strcmp(how, "undo")) {
    pthread_t thread;
    pthread_create(&thread, NULL, Dial, NULL);
    nanosleep(&patience, NULL);
    if (!strcmp(how, "exit")) _exit(0);
    if (!strcmp(how, "undo")) {
      const struct sockaddr none = {.sa_family = AF_UNSPEC};
      connect(fd, &none, sizeof none);
    } else {
      pthread_cancel(thread);
    }
    pthread_join(thread, NULL);
  } else {
    if (!strcmp(how, "send")) {
      const struct timeval limit = {.tv_usec = kPatienceMs * 1000};
      setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    } else if (!strcmp(how, "signal")) {
      const struct sigaction action = {.sa_handler = OnAlarm};
      const struct itimerval soon = {.it_value = {.tv_usec = kPatienceMs * 1000}};
      sigaction(SIGALRM, &action, NULL);
      setitimer(ITIMER_REAL, &soon, NULL);
    }
    Dial(NULL);
  }
  printf("ended %d %ld\n", error, NowMs() - start_ms);
  if (!strcmp(how, "undo")) {
    close(fd);
    fd = socket(AF_INET, SOCK_STREAM, 0);
  }
  char echo[5] = "";
  const int later = connect(fd, good->ai_addr, good->ai_addrlen) ? errno : 0;
  if (later == 0 && send(fd, "ping", 4, MSG_NOSIGNAL) == 4) recv(fd, echo, 4, MSG_WAITALL);
  printf("later %d %s\n", later, echo);
  close(fd);
  printf("descriptors %d %d\n", before, Descriptors());
  while (getchar() != EOF) continue;
  return 0;
}
