#include "hooks/next.h"

#include <dlfcn.h>

#include <atomic>
#include <cerrno>
#include <type_traits>

namespace hooks::real {
namespace {

enum Row : size_t {
#define HOOK(type, name, parameters, arguments, safety) k_##name,
#include "hooks/hooks.def"
#undef HOOK
  kRowCount
};

constexpr const char* kNames[] = {
#define HOOK(type, name, parameters, arguments, safety) #name,
#include "hooks/hooks.def"
#undef HOOK
};

constinit std::atomic<void*> g_next[kRowCount] = {};

// Several threads may do this at once; they all store the same.
void* Find(Row wanted) {
  const int saved_errno = errno;
  for (size_t row = 0; row < kRowCount; ++row) {
    g_next[row].store(dlsym(RTLD_NEXT, kNames[row]), std::memory_order_release);
  }
  errno = saved_errno;
  return g_next[wanted].load(std::memory_order_relaxed);
}

void* Next(Row row) {
  void* const next = g_next[row].load(std::memory_order_acquire);
  return next != nullptr ? next : Find(row);
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

#define HOOK(type, name, parameters, arguments, safety)                     \
  type name parameters {                                                    \
    const auto next = reinterpret_cast<type(*) parameters>(Next(k_##name)); \
    return next != nullptr ? next arguments : Missing<type>();              \
  }
#include "hooks/hooks.def"
#undef HOOK

}  // namespace hooks::real
