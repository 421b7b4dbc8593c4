// execs hook|raw COUNT COMMAND [ARG…]: has so many children become COMMAND, one after another, and
// prints the median of the microseconds from vfork to a child's end. hook: by libc's execve, which
// gochain's library interposes; raw: by the system call itself, which no library sees.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stopwatch.h"

extern char** environ;

static void RawExecve(const char* path, char** argv, char** env) {
#if defined(__x86_64__)
  long result = SYS_execve;
  __asm__ volatile("syscall"
                   : "+a"(result)
                   : "D"(path), "S"(argv), "d"(env)
                   : "rcx", "r11", "memory");
#elif defined(__aarch64__)
  register long number __asm__("x8") = SYS_execve;
  register const char* first __asm__("x0") = path;
  register char** second __asm__("x1") = argv;
  register char** third __asm__("x2") = env;
  __asm__ volatile("svc 0" : "+r"(first) : "r"(number), "r"(second), "r"(third) : "memory");
#endif
}

int main(int argc, char** argv) {
  const int count = argc > 3 ? atoi(argv[2]) : 0;
  if (count < 1) return 2;
  const int raw = strcmp(argv[1], "raw") == 0;
  double* const seconds = malloc((size_t)count * sizeof *seconds);
  for (int i = 0; i < count; ++i) {
    const double start = Now();
    const pid_t child = vfork();
    if (child == 0) {
      if (raw)
        RawExecve(argv[3], argv + 3, environ);
      else
        execve(argv[3], argv + 3, environ);
      _exit(127);
    }
    int status;
    if (waitpid(child, &status, 0) != child || status != 0) {
      fprintf(stderr, "execs: %s failed\n", argv[3]);
      return 1;
    }
    seconds[i] = Now() - start;
  }
  printf("%.2f\n", Median(seconds, (size_t)count) * 1e6);
  free(seconds);
  return 0;
}
