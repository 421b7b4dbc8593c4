/* Connects to HOST PORT and asks for a page, in the way named, and looks at what that did to the
 * process: children, signals, descriptors. Says "ok" or what is wrong. */
#include <errno.h>
#include <netdb.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT 12

static const char *host, *port;
static volatile sig_atomic_t ends;

static void die(const char* what) {
  printf("%s: %s\n", what, strerror(errno));
  exit(1);
}

static int ask(void) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
  char text[256];
  int fd, got;
  if (getaddrinfo(host, port, &hints, &found) != 0) return 0;
  fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
    close(fd);
    return 0;
  }
  snprintf(text, sizeof text, "GET /hello.txt HTTP/1.0\r\nHost: %s\r\n\r\n", host);
  send(fd, text, strlen(text), 0);
  got = recv(fd, text, 12, MSG_WAITALL);
  close(fd);
  freeaddrinfo(found);
  return got == 12 && memcmp(text + 9, "200", 3) == 0;
}

static int descriptors(void) {
  int count = 0;
  DIR* folder = opendir("/proc/self/fd");
  while (readdir(folder)) ++count;
  closedir(folder);
  return count;
}

static void on_end(int signal) { ++ends; }

static void* ask_thread(void* unused) { return ask() ? &ends : NULL; }

static void one(void) {
  int before = descriptors();
  sigset_t mask, after;
  struct sigaction action = {.sa_handler = on_end}, now;
  sigaction(SIGCHLD, &action, NULL);
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR1);
  sigprocmask(SIG_SETMASK, &mask, NULL);
  signal(SIGPIPE, SIG_IGN);
  if (!ask()) die("ask");
  if (descriptors() != before) die("descriptors");
  if (ends != 0) die("SIGCHLD");
  if (wait(NULL) != -1 || errno != ECHILD) die("a child");
  sigprocmask(SIG_SETMASK, NULL, &after);
  if (!sigismember(&after, SIGUSR1) || sigismember(&after, SIGCHLD)) die("mask");
  sigaction(SIGCHLD, NULL, &now);
  if (now.sa_handler != on_end) die("handler");
}

static void own_child(void) {
  pid_t child = fork();
  int status;
  if (child == 0) _exit(7);
  if (!ask()) die("ask");
  if (wait(&status) != child || WEXITSTATUS(status) != 7) die("wait");
  if (waitpid(-1, &status, WNOHANG) != -1 || errno != ECHILD) die("another child");
}

static void threads(void) {
  pthread_t all[COUNT];
  for (int i = 0; i < COUNT; ++i) pthread_create(&all[i], NULL, ask_thread, NULL);
  for (int i = 0; i < COUNT; ++i) {
    void* result;
    pthread_join(all[i], &result);
    if (!result) die("a thread");
  }
}

/* The relay of a process that has ended serves its children no longer: they start their own. */
static void forked(void) {
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < COUNT; ++i) {
      pid_t child = fork();
      if (child == 0) _exit(ask() ? 0 : 1);
    }
    for (int i = 0; i < COUNT; ++i) {
      int status;
      if (wait(&status) < 0 || status != 0) die("a forked child");
    }
    if (!ask()) die("ask");
  }
}

static void closed(void) {
  int out = fcntl(1, F_DUPFD, 20);
  close(0);
  close(1);
  close(2);
  int good = ask();
  for (int i = 0; i < 3; ++i) {
    if (fcntl(i, F_GETFD) != -1) good = 0;
  }
  dup2(out, 1);
  if (!good) die("without standard descriptors");
}

int main(int argc, char** argv) {
  host = argv[2];
  port = argv[3];
  open("/dev/zero", O_RDONLY); /* an exec leaves it open */
  if (strcmp(argv[1], "one") == 0) one();
  if (strcmp(argv[1], "own-child") == 0) own_child();
  if (strcmp(argv[1], "threads") == 0) threads();
  if (strcmp(argv[1], "forked") == 0) forked();
  if (strcmp(argv[1], "closed") == 0) closed();
  puts("ok");
  if (argc > 4) {
    fflush(stdout);
    getchar(); /* then once more */
    puts(ask() ? "ok" : "no");
  }
  return 0;
}
