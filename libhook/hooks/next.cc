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

void* Find(size_t row) {
  const int saved_errno = errno;
  void* const found = dlsym(RTLD_NEXT, kNames[row]);
  g_next[row].store(found, std::memory_order_release);
  errno = saved_errno;
  return found;
}

inline void* Next(Row row) {
  void* const next = g_next[row].load(std::memory_order_acquire);
  return __builtin_expect(next != nullptr, 1) ? next : Find(row);
}

// Where libc has no such function, the caller sees what an old kernel would say.
template <typename T>
T Missing() {
  errno = ENOSYS;
  if constexpr (std::is_pointer_v<T>) {
    return nullptr;
  } else if constexpr (!std::is_void_v<T>) {
    return -1;
  }
}

}  // namespace

bool MayHaveThreads() {
  static constinit std::atomic<const char*> g_single = nullptr;
  static constexpr char kUnknown = 0;
  const char* single = g_single.load(std::memory_order_relaxed);
  if (single == nullptr) {
    const int saved_errno = errno;
    const void* const found = dlsym(RTLD_DEFAULT, "__libc_single_threaded");
    errno = saved_errno;
    single = found != nullptr ? static_cast<const char*>(found) : &kUnknown;
    g_single.store(single, std::memory_order_relaxed);
  }
  return *single == 0;
}

// Several threads may do this at once; they all store the same.
void FindAll() {
  for (size_t row = 0; row < kRowCount; ++row) {
    Find(row);
  }
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
