// How this process's libc looks for programs: glibc and musl differ.
#ifndef GOCHAIN_HOOKS_LIBC_SEARCH_H_
#define GOCHAIN_HOOKS_LIBC_SEARCH_H_

#include "hooks/environment.h"

// glibc alone has it; no libc is asked for it at load time.
extern "C" __attribute__((weak)) const char* gnu_get_libc_version();

namespace hooks {

inline constexpr const char* kShell = "/bin/sh";

inline bool IsGlibc() { return gnu_get_libc_version != nullptr; }

// The value of PATH that execvp(3) and posix_spawnp(3) search; null: what both libcs search then.
inline const char* SearchedPath() {
  const char* const path = Variable("PATH");
  return path != nullptr || IsGlibc() ? path : "/usr/local/bin:/bin:/usr/bin";
}

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_LIBC_SEARCH_H_
