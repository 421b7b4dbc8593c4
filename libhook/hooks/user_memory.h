// Asks the kernel whether memory that the program handed over can be read, so that a hook answers
// EFAULT, as the system call would, where it would crash. Async-signal-safe.
#ifndef GOCHAIN_HOOKS_USER_MEMORY_H_
#define GOCHAIN_HOOKS_USER_MEMORY_H_

#include <cstddef>

namespace hooks {

// One cheap system call a page.
bool IsReadable(const void* address, size_t size);

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_USER_MEMORY_H_
