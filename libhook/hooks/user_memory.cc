#include "hooks/user_memory.h"

#include <sys/syscall.h>

#include <cerrno>
#include <cstdint>

#include "base/syscalls.h"

namespace hooks {
namespace {

constexpr uintptr_t kSmallestPage = 4096;
constexpr uintptr_t kProbe = 8;  // sizeof the kernel's sigset_t

// rt_sigprocmask copies the new mask before it looks at `how`; no `how` is -1, so nothing changes
// and the answer is EINVAL, or EFAULT where the mask can't be read.
bool WordIsReadable(uintptr_t address) {
  return sys::Call(SYS_rt_sigprocmask, -1, static_cast<long>(address), 0, kProbe) != -EFAULT;
}

}  // namespace

bool IsReadable(const void* address, size_t size) {
  const auto start = reinterpret_cast<uintptr_t>(address);
  if (address == nullptr || size == 0 || start + size < start) {
    return false;
  }
  const uintptr_t last = (start + size - 1) / kProbe * kProbe;
  uintptr_t at = start / kProbe * kProbe;
  // A null mask pointer means "no mask"; page zero is never the program's.
  if (at == 0) {
    return false;
  }
  for (; at / kSmallestPage != last / kSmallestPage;
       at = (at / kSmallestPage + 1) * kSmallestPage) {
    if (!WordIsReadable(at)) {
      return false;
    }
  }
  return WordIsReadable(last);
}

}  // namespace hooks
