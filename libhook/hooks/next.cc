#include "hooks/next.h"

#include <dlfcn.h>

#include <atomic>
#include <cerrno>
#include <type_traits>

namespace hooks::real {
namespace {

enum Row : size_t {
#define HOOK_ALONE(type, name, parameters, safety)
#define HOOK(type, name, parameters, arguments, safety) k_##name,
#include "hooks/hooks.def"
#undef HOOK
#undef HOOK_ALONE
  kRowCount
};

constexpr const char* kNames[] = {
#define HOOK_ALONE(type, name, parameters, safety)
#define HOOK(type, name, parameters, arguments, safety) #name,
#include "hooks/hooks.def"
#undef HOOK
#undef HOOK_ALONE
};

constinit std::atomic<void*> g_next[kRowCount] = {};

void* Next(Row row) {
  void* const next = g_next[row].load(std::memory_order_acquire);
  if (next != nullptr) {
    return next;
  }
  FindAll();
  return g_next[row].load(std::memory_order_relaxed);
}

// Where libc has no such function, the caller sees what an old kernel would say.
template <typename T>
T Missing() {
  errno = ENOSYS;
  if constexpr (std::is_pointer_v<T>) {
    return nullptr;
  } else {
    return -1;
  }
}

}  // namespace

// Several threads may do this at once; they all store the same.
void FindAll() {
  const int saved_errno = errno;
  for (size_t row = 0; row < kRowCount; ++row) {
    g_next[row].store(dlsym(RTLD_NEXT, kNames[row]), std::memory_order_release);
  }
  errno = saved_errno;
}

#define HOOK_ALONE(type, name, parameters, safety)
#define HOOK(type, name, parameters, arguments, safety)                     \
  type name parameters {                                                    \
    const auto next = reinterpret_cast<type(*) parameters>(Next(k_##name)); \
    return next != nullptr ? next arguments : Missing<type>();              \
  }
#include "hooks/hooks.def"
#undef HOOK
#undef HOOK_ALONE

}  // namespace hooks::real
