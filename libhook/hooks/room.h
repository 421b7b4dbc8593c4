// WithRoom: memory for the length of a call, where malloc may not be used: between vfork and exec,
// in a signal handler. Async-signal-safe.
#ifndef GOCHAIN_HOOKS_ROOM_H_
#define GOCHAIN_HOOKS_ROOM_H_

#include <alloca.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>

#include "base/syscalls.h"

namespace hooks {

// Threads with stacks of 16 KB exist, and so do argument lists of megabytes.
inline constexpr size_t kMaxRoomOnStack = 8 * 1024;

// Returns what `use(char*)` returns, or -ENOMEM. Aligned for pointers. A large room is mapped:
// where `use` ends in an exec after vfork, that mapping stays with the parent.
template <typename Use>
auto WithRoom(size_t size, Use use) -> decltype(use(nullptr)) {
  if (size <= kMaxRoomOnStack) {
    return use(static_cast<char*>(alloca(size)));
  }
  const long mapped = sys::Call(SYS_mmap, 0, static_cast<long>(size), PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1);
  if (mapped < 0 && mapped > -4096) {
    return -ENOMEM;
  }
  const auto result = use(reinterpret_cast<char*>(mapped));
  sys::Unmap(reinterpret_cast<void*>(mapped), size);
  return result;
}

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_ROOM_H_
