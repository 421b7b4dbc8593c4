#include "base/file.h"

#include <fcntl.h>

#include <cerrno>

#include "base/fd.h"
#include "base/syscalls.h"

namespace base {

int ReadFile(const std::string& path, size_t limit, std::string* out, struct stat* status) {
  int fd = 0;
  do {
    fd = sys::Open(path.c_str(), O_RDONLY | O_NOCTTY);
  } while (fd == -EINTR);
  if (fd < 0) {
    return -fd;
  }
  const Fd file(fd);
  if (status != nullptr) {
    if (const int result = sys::Fstat(file.get(), status); result < 0) {
      return -result;
    }
  }
  const size_t before = out->size();
  char buffer[4096];
  while (out->size() - before <= limit) {
    const long count = sys::Read(file.get(), buffer, sizeof buffer);
    if (count == 0) {
      return 0;
    }
    if (count > 0) {
      out->append(buffer, static_cast<size_t>(count));
    } else if (count != -EINTR) {
      return static_cast<int>(-count);
    }
  }
  return EFBIG;
}

}  // namespace base
