#include "base/private_folder.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include <cerrno>

#include "base/syscalls.h"

namespace base {
namespace {

long Pointer(const void* p) { return reinterpret_cast<long>(p); }

int OpenAt(int folder, const char* name, int flags, int mode = 0) {
  return static_cast<int>(sys::Call(SYS_openat, folder, Pointer(name), flags | O_CLOEXEC, mode));
}

}  // namespace

Fd OpenPrivateFolder(const std::string& folder, bool make) {
  if (!folder.starts_with('/')) {
    return {};
  }
  if (make) {
    const std::string above = folder.substr(0, folder.rfind('/'));
    sys::Call(SYS_mkdirat, AT_FDCWD, Pointer(above.c_str()), 0700);
    sys::Call(SYS_mkdirat, AT_FDCWD, Pointer(folder.c_str()), 0700);
  }
  const int opened = OpenAt(AT_FDCWD, folder.c_str(), O_RDONLY | O_DIRECTORY);
  if (opened < 0) {
    return {};
  }
  Fd fd(opened);
  struct stat status;
  return sys::Fstat(fd.get(), &status) == 0 && IsOursAlone(status) ? std::move(fd) : Fd();
}

bool IsOursAlone(const struct stat& status) {
  return status.st_uid == static_cast<uid_t>(sys::Call(SYS_geteuid)) &&
         (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

Fd OpenPrivateFile(int folder, const char* name, struct stat* status) {
  // A FIFO in its place would make the open wait.
  const int opened = OpenAt(folder, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  if (opened < 0) {
    return {};
  }
  Fd fd(opened);
  const bool is_good = sys::Fstat(fd.get(), status) == 0 && S_ISREG(status->st_mode) &&
                       IsOursAlone(*status) && status->st_size > 0;
  return is_good ? std::move(fd) : Fd();
}

bool ReplaceFile(int folder, const char* name, const char* temporary,
                 std::span<const uint8_t> data) {
  const int made = OpenAt(folder, temporary, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (made < 0) {
    return false;
  }
  const Fd fd(made);
  // Without the sync a crash could leave the name with a file of zeros.
  const bool done =
      WriteAll(fd.get(), data) && sys::Call(SYS_fdatasync, fd.get()) == 0 &&
      sys::Call(SYS_renameat2, folder, Pointer(temporary), folder, Pointer(name), 0) == 0;
  if (!done) {
    sys::Call(SYS_unlinkat, folder, Pointer(temporary), 0);
  }
  return done;
}

bool WriteAll(int fd, std::span<const uint8_t> data) {
  while (!data.empty()) {
    const long count = sys::Write(fd, data.data(), data.size());
    if (count <= 0 && count != -EINTR) {
      return false;
    }
    data = data.subspan(count > 0 ? static_cast<size_t>(count) : 0);
  }
  return true;
}

}  // namespace base
