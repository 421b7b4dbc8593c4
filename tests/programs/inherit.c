// inherit NAME PORT [STEPS]: looks NAME up, and gives the address as text to a new process image of
// itself, which connects to it; after STEPS generations (default 1).
#include "program.h"

int main(int argc, char** argv) {
  if (argc < 3) {
    Usage("inherit NAME PORT [STEPS]");
  }
  const int steps = argc > 3 ? atoi(argv[3]) : 1;
  const struct Target target = FindTarget(argv[1], argv[2]);
  if (steps == 0) {
    const int fd = Socket(&target, SOCK_STREAM);
    if (Connect(fd, &target) != 0) {
      Die("connect");
    }
    if (Echo(fd, "ping\n") != 0) {
      Die("echo");
    }
    printf("ok\n");
    return 0;
  }
  char address[NI_MAXHOST];
  char left[16];
  getnameinfo((const struct sockaddr*)&target.address, target.length, address, sizeof address, NULL,
              0, NI_NUMERICHOST);
  snprintf(left, sizeof left, "%d", steps - 1);
  const pid_t child = fork();
  if (child == 0) {
    execl("/proc/self/exe", argv[0], address, argv[2], left, (char*)NULL);
    Die("execl");
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
