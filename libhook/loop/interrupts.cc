#include "loop/interrupts.h"

#include <signal.h>
#include <sys/syscall.h>

#include <cstdint>

#include "base/syscalls.h"

namespace loop {
namespace {

// The kernel's struct sigaction; x86-64 and aarch64 share it.
struct KernelAction {
  uintptr_t handler;
  unsigned long flags;
  uintptr_t restorer;
  uint64_t mask;
};

constexpr int kLastSignal = 64;
// glibc's and musl's own: thread cancellation and set*id.
constexpr bool IsOfLibc(int signal) { return signal == 32 || signal == 33; }

}  // namespace

bool EveryHandlerRestarts() {
  for (int signal = 1; signal <= kLastSignal; ++signal) {
    KernelAction action{};
    if (IsOfLibc(signal) || sys::Call(SYS_rt_sigaction, signal, 0, reinterpret_cast<long>(&action),
                                      sizeof action.mask) != 0) {
      continue;
    }
    const bool handled = action.handler != reinterpret_cast<uintptr_t>(SIG_DFL) &&
                         action.handler != reinterpret_cast<uintptr_t>(SIG_IGN);
    if (handled && (action.flags & SA_RESTART) == 0) {
      return false;
    }
  }
  return true;
}

}  // namespace loop
