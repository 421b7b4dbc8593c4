// spawn COUNT COMMAND [ARG…]: starts COMMAND so often, one after another, and prints the median of
// the seconds from its start to its end. A shell or Python would add its own time and spread.
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "stopwatch.h"

extern char** environ;

int main(int argc, char** argv) {
  const int count = argc > 2 ? atoi(argv[1]) : 0;
  if (count < 1) return 2;
  double* const seconds = malloc((size_t)count * sizeof *seconds);
  for (int i = 0; i < count; ++i) {
    const double start = Now();
    pid_t child;
    int status;
    const int error = posix_spawnp(&child, argv[2], NULL, NULL, argv + 2, environ);
    if (error != 0 || waitpid(child, &status, 0) != child || status != 0) {
      fprintf(stderr, "spawn: %s: %s\n", argv[2], error != 0 ? strerror(error) : "it failed");
      return 1;
    }
    seconds[i] = Now() - start;
  }
  printf("%.6f\n", Median(seconds, (size_t)count));
  free(seconds);
  return 0;
}
