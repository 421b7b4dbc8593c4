// syscall(2), by which programs call the kernel past the functions that are hooks: those calls that
// reach out or start programs are given to the hooks. A connect is waited for, since who makes it
// so waits for the socket past the hooks too. Under a supervisor its filter sees these calls.
//
// And rings of io_uring, which connect without a call for each: there are none (ENOSYS), as under a
// supervisor, and programs fall back. Most of them have liburing make theirs, by an instruction of
// its own, so its functions are hooks too.
//
// Async-signal-safe. Every other call is made as libc makes it: no frame of this library is between
// a program and what returns twice (vfork, clone), and nothing is written to the caller's frame.
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/syscalls.h"
#include "hooks/connect.h"
#include "hooks/errno_keeper.h"
#include "hooks/next.h"
#include "hooks/remembered.h"
#include "hooks/say.h"

namespace hooks {
namespace {

template <typename T>
T* Pointer(long argument) {
  return reinterpret_cast<T*>(argument);
}

int RefuseRing() {
  SayWithoutRules(engine::LogLevel::kDebug,
                  "io_uring is refused (ENOSYS), since its connections would go straight out");
  return -ENOSYS;
}

}  // namespace

// The calls that are given to hooks; GOCHAIN_HOOKED_CALLS(M) is M(NAME) for each.
#define GOCHAIN_HOOKED_CALLS(M) \
  M(connect) M(sendto) M(sendmsg) M(sendmmsg) M(getpeername) M(execve) M(execveat) M(io_uring_setup)

// Of those calls. By its own name, for the entry in assembly.
extern "C" [[gnu::visibility("hidden")]] long gochain_call_hook(long number, long a, long b, long c,
                                                                long d, long e, long f) {
  if (!Remembered::Get().follows_exec()) {
    return ErrnoKeeper().Return(sys::Call(number, a, b, c, d, e, f));
  }
  const int fd = static_cast<int>(a);
  switch (number) {
    case SYS_connect:
      return ErrnoKeeper().Return(
          Connect(fd, Pointer<const sockaddr>(b), static_cast<socklen_t>(c), Riding::kNever));
    case SYS_sendto:
      return exported::sendto(fd, Pointer<const void>(b), static_cast<size_t>(c),
                              static_cast<int>(d), Pointer<const sockaddr>(e),
                              static_cast<socklen_t>(f));
    case SYS_sendmsg:
      return exported::sendmsg(fd, Pointer<const msghdr>(b), static_cast<int>(c));
    case SYS_sendmmsg:
      return exported::sendmmsg(fd, Pointer<mmsghdr>(b), static_cast<unsigned>(c),
                                static_cast<int>(d));
    case SYS_getpeername:
      return exported::getpeername(fd, Pointer<sockaddr>(b), Pointer<socklen_t>(c));
    case SYS_execve:
      return exported::execve(Pointer<const char>(a), Pointer<char* const>(b),
                              Pointer<char* const>(c));
    case SYS_execveat:
      return exported::execveat(fd, Pointer<const char>(b), Pointer<char* const>(c),
                                Pointer<char* const>(d), static_cast<int>(e));
    case SYS_io_uring_setup:
      return ErrnoKeeper().Return(RefuseRing());
    default:
      return ErrnoKeeper().Return(sys::Call(number, a, b, c, d, e, f));
  }
}

namespace exported {

// Variadic for the compiler of who calls it; what there is not among the arguments is not looked
// at.
#if !defined(__x86_64__)
long syscall(long number, long a, long b, long c, long d, long e, long f) {
#define GOCHAIN_IS_CALL(name) number == SYS_##name ||
  return GOCHAIN_HOOKED_CALLS(GOCHAIN_IS_CALL) false
             ? gochain_call_hook(number, a, b, c, d, e, f)
             : ErrnoKeeper().Return(sys::Call(number, a, b, c, d, e, f));
#undef GOCHAIN_IS_CALL
}
#endif

int io_uring_setup(unsigned /*entries*/, void* /*params*/) { return RefuseRing(); }

int io_uring_queue_init(unsigned /*entries*/, void* /*ring*/, unsigned /*flags*/) {
  return RefuseRing();
}

int io_uring_queue_init_params(unsigned /*entries*/, void* /*ring*/, void* /*params*/) {
  return RefuseRing();
}

int io_uring_queue_init_mem(unsigned /*entries*/, void* /*ring*/, void* /*params*/,
                            void* /*memory*/, size_t /*size*/) {
  return RefuseRing();
}

}  // namespace exported

#if defined(__x86_64__)
// The seventh argument is on the stack, where there may be a variable of the caller's instead.
#define GOCHAIN_TEXT_OF(number) #number
#define GOCHAIN_NUMBER(name) GOCHAIN_TEXT_OF(name)
#define GOCHAIN_JUMP(name) \
  "cmpq $" GOCHAIN_NUMBER(__NR_##name) ", %rdi\n" \
  "je gochain_call_hook\n"
asm(".pushsection .text.syscall, \"ax\", @progbits\n"
    ".globl syscall\n"
    ".type syscall, @function\n"
    ".p2align 4\n"
    "syscall:\n"
    ".cfi_startproc\n"
    "endbr64\n" GOCHAIN_HOOKED_CALLS(GOCHAIN_JUMP)
    "movq %rdi, %rax\n"
    "movq %rsi, %rdi\n"
    "movq %rdx, %rsi\n"
    "movq %rcx, %rdx\n"
    "movq %r8, %r10\n"
    "movq %r9, %r8\n"
    "movq 8(%rsp), %r9\n"
    "syscall\n"
    "cmpq $-4095, %rax\n"
    "jae 1f\n"
    "ret\n"
    "1: negl %eax\n"
    "pushq %rax\n"
    ".cfi_adjust_cfa_offset 8\n"
    "call __errno_location@plt\n"
    "popq %rdx\n"
    ".cfi_adjust_cfa_offset -8\n"
    "movl %edx, (%rax)\n"
    "movq $-1, %rax\n"
    "ret\n"
    ".cfi_endproc\n"
    ".size syscall, . - syscall\n"
    ".popsection\n");
#undef GOCHAIN_JUMP
#undef GOCHAIN_NUMBER
#undef GOCHAIN_TEXT_OF
#endif

}  // namespace hooks
