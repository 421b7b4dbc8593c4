// show [ARG…]: prints how it was started, as far as a program can see: name, arguments, environment
// less what injects gochain, descriptors, signal mask, working folder, whether it leads its group.
#include <signal.h>

#include "program.h"

extern char** environ;

int main(int argc, char** argv) {
  char folder[4096];
  sigset_t mask;
  for (int i = 0; i < argc; ++i) {
    printf("argument %s\n", argv[i]);
  }
  for (char** entry = environ; *entry != NULL; ++entry) {
    if (strncmp(*entry, "GOCHAIN_", 8) != 0 && strncmp(*entry, "LD_PRELOAD=", 11) != 0) {
      printf("variable %s\n", *entry);
    }
  }
  for (int fd = 0; fd < 256; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) {
      printf("descriptor %d\n", fd);
    }
  }
  sigprocmask(SIG_BLOCK, NULL, &mask);
  for (int number = 1; number < 32; ++number) {
    if (sigismember(&mask, number) == 1) {
      printf("blocked %d\n", number);
    }
  }
  printf("folder %s\n", getcwd(folder, sizeof folder));
  return 7;
}
