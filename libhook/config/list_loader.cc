#include "config/list_loader.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/syscall.h>
#include <time.h>

#include <array>
#include <cerrno>

#include "config/list_file.h"
#include "config/list_writer.h"

namespace config {
namespace {

// A file's times are as coarse as the kernel's tick, on some file systems two seconds: a change
// after the one that was read may leave them as they are. ctime alone is asked: no program sets it.
constexpr int64_t kSettledNs = 2'000'000'000;

int64_t ToNs(const timespec& time) { return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

ListKey KeyOf(const struct stat& status) {
  ListKey key;
  key.device = status.st_dev;
  key.inode = status.st_ino;
  key.size = static_cast<uint64_t>(status.st_size);
  key.mtime_ns = ToNs(status.st_mtim);
  key.ctime_ns = ToNs(status.st_ctim);
  return key;
}

bool IsSettled(const ListKey& key) {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return ToNs(now) - key.ctime_ns > kSettledNs;
}

// Empty where the current folder has no name any more.
std::string AbsolutePath(const std::string& path) {
  if (path.starts_with('/')) {
    return path;
  }
  std::array<char, PATH_MAX> folder;
  const long size = sys::Call(SYS_getcwd, reinterpret_cast<long>(folder.data()),
                              static_cast<long>(folder.size()));
  return size > 1 && folder[0] == '/' ? std::string(folder.data()) + "/" + path : std::string();
}

// 0, or an errno.
int ReadAll(int fd, size_t expected, std::string* out) {
  size_t size = 0;
  out->resize(expected + 1);
  for (;;) {
    if (size == out->size()) {
      out->resize(size * 2);
    }
    const long count = sys::Read(fd, out->data() + size, out->size() - size);
    if (count > 0) {
      size += static_cast<size_t>(count);
    } else if (count == 0) {
      out->resize(size);
      return 0;
    } else if (count != -EINTR) {
      return static_cast<int>(-count);
    }
    if (size > kLargestList) {
      return EFBIG;
    }
  }
}

}  // namespace

base::Result<ListImage> LoadList(const std::string& path, const std::string& name,
                                 const ListCache& cache, std::vector<Diagnostic>* diagnostics) {
  int opened = 0;
  do {
    opened = sys::Open(path.c_str(), O_RDONLY | O_NOCTTY);
  } while (opened == -EINTR);
  if (opened < 0) {
    return base::Error{-opened, "open"};
  }
  const base::Fd fd(opened);
  struct stat status;
  if (const int result = sys::Fstat(fd.get(), &status); result < 0) {
    return base::Error{-result, "fstat"};
  }
  const ListKey key = KeyOf(status);
  const std::string absolute = S_ISREG(status.st_mode) ? AbsolutePath(path) : std::string();
  if (!absolute.empty()) {
    if (ListImage found = cache.Find(absolute, key); found.fd) {
      return found;
    }
  }
  const bool settled = !absolute.empty() && IsSettled(key);
  std::string text;
  if (key.size > kLargestList) {
    return base::Error{EFBIG, "read"};
  }
  if (const int error = ReadAll(fd.get(), key.size, &text); error != 0) {
    return base::Error{error, "read"};
  }
  const bool unchanged = sys::Fstat(fd.get(), &status) == 0 && KeyOf(status) == key;
  ListWriter writer;
  if (!CompileList(text, name, &writer, diagnostics)) {
    return ListImage();
  }
  const bool kept = settled && unchanged;
  const std::vector<uint8_t> image = writer.Finish(kept ? key : ListKey(), absolute);
  if (kept) {
    if (ListImage stored = cache.Store(absolute, image); stored.fd) {
      return stored;
    }
  }
  ListImage anonymous = AnonymousListImage(image);
  if (!anonymous.fd) {
    return base::Error{ENOMEM, "memfd_create"};
  }
  return anonymous;
}

}  // namespace config
