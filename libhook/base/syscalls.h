// Raw system calls: the only place where an errno is made into a return value.
//
// Every function returns the kernel's answer: >= 0, or -errno. None touches libc's errno, none is a
// cancellation point, all are async-signal-safe and safe between vfork and exec.
//
// "Passing" calls carry the run's cookie past the supervisor's filter: r10 = c and r8 = ~c, two
// argument registers that these calls don't use; r8 = c and r9 = ~c where a call has four
// arguments. The kernel preserves both, so the stub clears them before it returns; otherwise the
// program's own next connect would inherit the pair and leak.
// With cookie 0 they are plain calls.
#ifndef GOCHAIN_BASE_SYSCALLS_H_
#define GOCHAIN_BASE_SYSCALLS_H_

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstddef>
#include <cstdint>

namespace sys {

long Call(long number, long a = 0, long b = 0, long c = 0, long d = 0, long e = 0, long f = 0);

// A three-argument call with the cookie in r10 and r8.
long PassingCall(long number, long a, long b, long c, uint64_t cookie);

// A four-argument call with the cookie in r8 and r9.
long PassingCall(long number, long a, long b, long c, long d, uint64_t cookie);

int PassingConnect(int fd, const sockaddr* address, socklen_t length, uint64_t cookie);
int PassingGetpeername(int fd, sockaddr* address, socklen_t* length, uint64_t cookie);
int PassingSocket(int domain, int type, int protocol, uint64_t cookie);
long PassingSendmsg(int fd, const msghdr* message, int flags, uint64_t cookie);
int PassingSendmmsg(int fd, mmsghdr* messages, unsigned count, int flags, uint64_t cookie);

int Close(int fd);
int Open(const char* path, int flags, int mode = 0);  // O_CLOEXEC is always added
long Read(int fd, void* data, size_t size);
long Write(int fd, const void* data, size_t size);
long Pread(int fd, void* data, size_t size, int64_t offset);
long Send(int fd, const void* data, size_t size, int flags);
long Recv(int fd, void* data, size_t size, int flags);
int Fstat(int fd, struct stat* out);
long Readlink(const char* path, char* out, size_t size);
int Getsockopt(int fd, int level, int name, void* value, socklen_t* length);
int Setsockopt(int fd, int level, int name, const void* value, socklen_t length);
// SO_ERROR: how a connect under way has ended. 0, or -errno.
int PendingError(int fd);
int Getsockname(int fd, sockaddr* address, socklen_t* length);
int Fcntl(int fd, int command, long argument = 0);
int Poll(pollfd* fds, size_t count, int timeout_ms);
int Getpid();
int Gettid();
// Maps `size` bytes of `fd` shared, read-only or writable; nullptr when refused.
void* MapShared(int fd, size_t size, bool writable);
int Unmap(void* address, size_t size);

}  // namespace sys

#endif  // GOCHAIN_BASE_SYSCALLS_H_
