// The open descriptors of this process, by /proc/self/fd; without /proc there are none.
// Async-signal-safe.
#ifndef GOCHAIN_LOOP_OWN_DESCRIPTORS_H_
#define GOCHAIN_LOOP_OWN_DESCRIPTORS_H_

#include <fcntl.h>
#include <sys/syscall.h>

#include <charconv>
#include <cstdint>
#include <string_view>

#include "base/fd.h"
#include "base/syscalls.h"

namespace loop {

// Calls `use(fd)` for each.
template <typename Use>
void ForEachDescriptor(Use use) {
  // linux_dirent64 of getdents64(2): libc's struct may differ.
  struct Name {
    uint64_t inode;
    int64_t offset;
    uint16_t size;
    uint8_t type;
    char name[1];
  };
  const base::Fd folder(sys::Open("/proc/self/fd", O_RDONLY | O_DIRECTORY));
  alignas(8) char buffer[2048];
  while (folder.valid()) {
    const long size =
        sys::Call(SYS_getdents64, folder.get(), reinterpret_cast<long>(buffer), sizeof buffer);
    if (size <= 0) {
      return;
    }
    for (long at = 0; at < size;) {
      const auto* const entry = reinterpret_cast<const Name*>(buffer + at);
      const std::string_view name(entry->name);
      int fd = 0;
      if (std::from_chars(name.data(), name.data() + name.size(), fd).ec == std::errc() &&
          fd != folder.get()) {
        use(fd);
      }
      at += entry->size;
    }
  }
}

}  // namespace loop

#endif  // GOCHAIN_LOOP_OWN_DESCRIPTORS_H_
