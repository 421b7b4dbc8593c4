#include "base/syscalls.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

namespace sys {

#if defined(__x86_64__)

long Call(long number, long a, long b, long c, long d, long e, long f) {
  long result;
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  register long r9 asm("r9") = f;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
}

long PassingCall(long number, long a, long b, long c, uint64_t cookie) {
  if (cookie == 0) {
    return Call(number, a, b, c);
  }
  long result;
  register uint64_t r10 asm("r10") = cookie;
  register uint64_t r8 asm("r8") = ~cookie;
  asm volatile(
      "syscall\n\t"
      "xorl %%r10d, %%r10d\n\t"
      "xorl %%r8d, %%r8d"
      : "=a"(result), "+r"(r10), "+r"(r8)
      : "a"(number), "D"(a), "S"(b), "d"(c)
      : "rcx", "r11", "memory", "cc");
  return result;
}

long PassingCall(long number, long a, long b, long c, long d, uint64_t cookie) {
  if (cookie == 0) {
    return Call(number, a, b, c, d);
  }
  long result;
  register long r10 asm("r10") = d;
  register uint64_t r8 asm("r8") = cookie;
  register uint64_t r9 asm("r9") = ~cookie;
  asm volatile(
      "syscall\n\t"
      "xorl %%r8d, %%r8d\n\t"
      "xorl %%r9d, %%r9d"
      : "=a"(result), "+r"(r8), "+r"(r9)
      : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
      : "rcx", "r11", "memory", "cc");
  return result;
}

#elif defined(__aarch64__)

long Call(long number, long a, long b, long c, long d, long e, long f) {
  register long x8 asm("x8") = number;
  register long x0 asm("x0") = a;
  register long x1 asm("x1") = b;
  register long x2 asm("x2") = c;
  register long x3 asm("x3") = d;
  register long x4 asm("x4") = e;
  register long x5 asm("x5") = f;
  asm volatile("svc #0"
               : "+r"(x0)
               : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
               : "memory", "cc");
  return x0;
}

long PassingCall(long number, long a, long b, long c, uint64_t cookie) {
  if (cookie == 0) {
    return Call(number, a, b, c);
  }
  register long x8 asm("x8") = number;
  register long x0 asm("x0") = a;
  register long x1 asm("x1") = b;
  register long x2 asm("x2") = c;
  register uint64_t x3 asm("x3") = cookie;
  register uint64_t x4 asm("x4") = ~cookie;
  asm volatile(
      "svc #0\n\t"
      "mov x3, xzr\n\t"
      "mov x4, xzr"
      : "+r"(x0), "+r"(x3), "+r"(x4)
      : "r"(x8), "r"(x1), "r"(x2)
      : "memory", "cc");
  return x0;
}

long PassingCall(long number, long a, long b, long c, long d, uint64_t cookie) {
  if (cookie == 0) {
    return Call(number, a, b, c, d);
  }
  register long x8 asm("x8") = number;
  register long x0 asm("x0") = a;
  register long x1 asm("x1") = b;
  register long x2 asm("x2") = c;
  register long x3 asm("x3") = d;
  register uint64_t x4 asm("x4") = cookie;
  register uint64_t x5 asm("x5") = ~cookie;
  asm volatile(
      "svc #0\n\t"
      "mov x4, xzr\n\t"
      "mov x5, xzr"
      : "+r"(x0), "+r"(x4), "+r"(x5)
      : "r"(x8), "r"(x1), "r"(x2), "r"(x3)
      : "memory", "cc");
  return x0;
}

#else
#error "gochain knows x86-64 and aarch64; a new machine needs its two calls here"
#endif

namespace {

long Pointer(const void* p) { return reinterpret_cast<long>(p); }
long Long(size_t value) { return static_cast<long>(value); }
int Int(long result) { return static_cast<int>(result); }

}  // namespace

int PassingConnect(int fd, const sockaddr* address, socklen_t length, uint64_t cookie) {
  return Int(PassingCall(SYS_connect, fd, Pointer(address), static_cast<long>(length), cookie));
}

int PassingGetpeername(int fd, sockaddr* address, socklen_t* length, uint64_t cookie) {
  return Int(PassingCall(SYS_getpeername, fd, Pointer(address), Pointer(length), cookie));
}

int PassingSocket(int domain, int type, int protocol, uint64_t cookie) {
  return Int(PassingCall(SYS_socket, domain, type, protocol, cookie));
}

long PassingSendmsg(int fd, const msghdr* message, int flags, uint64_t cookie) {
  return PassingCall(SYS_sendmsg, fd, Pointer(message), flags, cookie);
}

int PassingSendmmsg(int fd, mmsghdr* messages, unsigned count, int flags, uint64_t cookie) {
  return Int(PassingCall(SYS_sendmmsg, fd, Pointer(messages), static_cast<long>(count),
                         static_cast<long>(flags), cookie));
}

int Close(int fd) { return Int(Call(SYS_close, fd)); }

int Open(const char* path, int flags, int mode) {
  return Int(Call(SYS_openat, AT_FDCWD, Pointer(path), flags | O_CLOEXEC, mode));
}

long Read(int fd, void* data, size_t size) { return Call(SYS_read, fd, Pointer(data), Long(size)); }

long Write(int fd, const void* data, size_t size) {
  return Call(SYS_write, fd, Pointer(data), Long(size));
}

long Pread(int fd, void* data, size_t size, int64_t offset) {
  return Call(SYS_pread64, fd, Pointer(data), Long(size), offset);
}

long Send(int fd, const void* data, size_t size, int flags) {
  return Call(SYS_sendto, fd, Pointer(data), Long(size), flags);
}

long Recv(int fd, void* data, size_t size, int flags) {
  return Call(SYS_recvfrom, fd, Pointer(data), Long(size), flags);
}

int Fstat(int fd, struct stat* out) { return Int(Call(SYS_fstat, fd, Pointer(out))); }

long Readlink(const char* path, char* out, size_t size) {
  return Call(SYS_readlinkat, AT_FDCWD, Pointer(path), Pointer(out), Long(size));
}

int Getsockopt(int fd, int level, int name, void* value, socklen_t* length) {
  return Int(Call(SYS_getsockopt, fd, level, name, Pointer(value), Pointer(length)));
}

int PendingError(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  const int result = Getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  return result < 0 ? result : -error;
}

int Setsockopt(int fd, int level, int name, const void* value, socklen_t length) {
  return Int(Call(SYS_setsockopt, fd, level, name, Pointer(value), static_cast<long>(length)));
}

int Getsockname(int fd, sockaddr* address, socklen_t* length) {
  return Int(Call(SYS_getsockname, fd, Pointer(address), Pointer(length)));
}

int Fcntl(int fd, int command, long argument) {
  return Int(Call(SYS_fcntl, fd, command, argument));
}

int Poll(pollfd* fds, size_t count, int timeout_ms) {
  timespec timeout{timeout_ms / 1000, (timeout_ms % 1000) * 1000000L};
  return Int(Call(SYS_ppoll, Pointer(fds), Long(count), timeout_ms < 0 ? 0 : Pointer(&timeout)));
}

int Getpid() { return Int(Call(SYS_getpid)); }
int Gettid() { return Int(Call(SYS_gettid)); }

void* MapShared(int fd, size_t size, bool writable) {
  const long result = Call(SYS_mmap, 0, Long(size), writable ? PROT_READ | PROT_WRITE : PROT_READ,
                           MAP_SHARED, fd, 0);
  return result < 0 && result > -4096 ? nullptr : reinterpret_cast<void*>(result);
}

int Unmap(void* address, size_t size) {
  return Int(Call(SYS_munmap, Pointer(address), Long(size)));
}

}  // namespace sys
