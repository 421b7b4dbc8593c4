// Preloaded: counts the calls of libc's allocation functions, and of mmap, that a program and all
// libraries in it make, in the file COUNT_ALLOCATIONS: what gochain's own processes made, and what
// the others did, one number each. The file is created by who wants to know. What libc does inside
// itself goes past it, as past any interposed function; its mmap and brk are strace's to see.
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

// glibc's own, so that nothing has to be looked up, which would allocate.
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* old, size_t size);
void* __libc_memalign(size_t alignment, size_t size);

struct Counts {
  atomic_long launcher;
  atomic_long program;
};

static atomic_long* count;

// Shared: forked processes count on in the same place.
__attribute__((constructor)) static void Open(void) {
  const char* const path = getenv("COUNT_ALLOCATIONS");
  const int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
  if (fd < 0) return;
  struct Counts* const counts = (struct Counts*)syscall(SYS_mmap, NULL, sizeof(struct Counts),
                                                        PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (counts == MAP_FAILED) return;
  const int launcher = strcmp(program_invocation_short_name, "gochain") == 0;
  count = launcher ? &counts->launcher : &counts->program;
}

static void Count(void) {
  if (count != NULL) atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
}

void* malloc(size_t size) {
  Count();
  return __libc_malloc(size);
}

void* calloc(size_t number, size_t size) {
  Count();
  return __libc_calloc(number, size);
}

void* realloc(void* old, size_t size) {
  Count();
  return __libc_realloc(old, size);
}

void* reallocarray(void* old, size_t number, size_t size) {
  Count();
  size_t bytes;
  if (__builtin_mul_overflow(number, size, &bytes)) {
    errno = ENOMEM;
    return NULL;
  }
  return __libc_realloc(old, bytes);
}

void* memalign(size_t alignment, size_t size) {
  Count();
  return __libc_memalign(alignment, size);
}

void* aligned_alloc(size_t alignment, size_t size) {
  Count();
  return __libc_memalign(alignment, size);
}

int posix_memalign(void** out, size_t alignment, size_t size) {
  Count();
  void* const made = __libc_memalign(alignment, size);
  if (made == NULL) return ENOMEM;
  *out = made;
  return 0;
}

void* mmap(void* address, size_t size, int protection, int flags, int fd, off_t offset) {
  Count();
  return (void*)syscall(SYS_mmap, address, size, protection, flags, fd, offset);
}

void* mmap64(void* address, size_t size, int protection, int flags, int fd, off64_t offset) {
  return mmap(address, size, protection, flags, fd, offset);
}
