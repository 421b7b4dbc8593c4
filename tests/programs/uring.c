// uring: asks for a ring of io_uring by syscall(2), and by liburing's function where somebody brings
// one. Prints "setup RESULT" and "queue_init RESULT": ok, an errno, or none where there is no such
// function.
#include <dlfcn.h>
#include <sys/syscall.h>

#include "program.h"

int main(void) {
  static char params[120];
  static char ring[512];
  const long fd = syscall(SYS_io_uring_setup, 1, params);
  printf("setup %s\n", fd < 0 ? ErrnoName(errno) : "ok");
  int (*queue_init)(unsigned, void*, unsigned) = NULL;
  *(void**)&queue_init = dlsym(RTLD_DEFAULT, "io_uring_queue_init");
  if (queue_init == NULL) {
    printf("queue_init none\n");
  } else {
    const int result = queue_init(1, ring, 0);
    printf("queue_init %s\n", result < 0 ? ErrnoName(-result) : "ok");
  }
  return 0;
}
