#include "config/list_cache.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/memfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>

#include "base/clock.h"
#include "base/private_folder.h"
#include "base/text.h"
#include "config/list_view.h"

namespace config {
namespace {

// Writing an image takes no minute.
constexpr time_t kAbandonedS = 3600;

long Pointer(const void* p) { return reinterpret_cast<long>(p); }

int OpenAt(int folder, const char* name, int flags, int mode = 0) {
  return static_cast<int>(sys::Call(SYS_openat, folder, Pointer(name), flags | O_CLOEXEC, mode));
}

// The path of the list file that an image in `folder` is of; empty: it is no image.
std::string PathOfImage(int folder, const char* name) {
  const base::Fd fd(OpenAt(folder, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW));
  ListHeader header;
  constexpr long kSize = sizeof header;
  if (!fd || sys::Pread(fd.get(), &header, sizeof header, 0) != kSize ||
      header.magic != kListMagic || header.path_size > PATH_MAX) {
    return {};
  }
  std::string path(header.path_size, '\0');
  const long size = sys::Pread(fd.get(), path.data(), path.size(), kSize);
  return size == static_cast<long>(path.size()) ? path : std::string();
}

class FileName {
 public:
  explicit FileName(const std::string& path) : text_(std::span(buffer_).first<kSize - 1>()) {
    text_.AppendHex(ListHash::Of(path)).Append(".list");
  }
  base::TextWriter& text() { return text_; }
  const char* c_str() const { return buffer_.data(); }

 private:
  static constexpr size_t kSize = 96;
  std::array<char, kSize> buffer_{};
  base::TextWriter text_;
};

}  // namespace

ListCache::ListCache(const std::string& folder) : folder_(base::OpenPrivateFolder(folder, true)) {}

ListImage ListCache::Find(const std::string& path, const ListKey& key) const {
  struct stat status;
  base::Fd fd =
      folder_ ? base::OpenPrivateFile(folder_.get(), FileName(path).c_str(), &status) : base::Fd();
  if (!fd) {
    return {};
  }
  ListImage image{std::move(fd), static_cast<size_t>(status.st_size)};
  void* const memory = sys::MapShared(image.fd.get(), image.size, false);
  if (memory == nullptr) {
    return {};
  }
  const auto view = ListView::FromImage({static_cast<const uint8_t*>(memory), image.size});
  const bool matches = view.ok() && view->key() == key && view->path() == path;
  sys::Unmap(memory, image.size);
  return matches ? std::move(image) : ListImage();
}

ListImage ListCache::Store(const std::string& path, std::span<const uint8_t> image) const {
  if (!folder_) {
    return {};
  }
  const FileName name(path);
  FileName temporary(path);
  temporary.text().Append('.').AppendNumber(static_cast<uint64_t>(sys::Gettid()));
  temporary.text().Append('.').AppendNumber(static_cast<uint64_t>(base::NowMs()));
  // Nobody writes to the file from now on, not even its owner by mistake.
  const int made = OpenAt(folder_.get(), temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0400);
  if (made < 0) {
    return {};
  }
  const base::Fd writer(made);
  const int opened = OpenAt(folder_.get(), temporary.c_str(), O_RDONLY);
  base::Fd reader(opened);
  // Without the sync a crash could leave the name with a file of zeros.
  if (opened < 0 || !base::WriteAll(writer.get(), image) ||
      sys::Call(SYS_fdatasync, writer.get()) < 0 ||
      sys::Call(SYS_renameat2, folder_.get(), Pointer(temporary.c_str()), folder_.get(),
                Pointer(name.c_str()), 0) < 0) {
    sys::Call(SYS_unlinkat, folder_.get(), Pointer(temporary.c_str()), 0);
    return {};
  }
  Sweep();
  return {std::move(reader), image.size()};
}

void ListCache::Sweep() const {
  DIR* const folder = opendir(("/proc/self/fd/" + std::to_string(folder_.get())).c_str());
  if (folder == nullptr) {
    return;
  }
  while (const dirent* const entry = readdir(folder)) {
    const std::string_view name(entry->d_name);
    struct stat status;
    bool useless = false;
    if (name.find(".list.") != std::string_view::npos) {
      useless = fstatat(folder_.get(), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                time(nullptr) - status.st_mtim.tv_sec > kAbandonedS;
    } else if (name.ends_with(".list")) {
      const std::string path = PathOfImage(folder_.get(), entry->d_name);
      useless = !path.empty() && access(path.c_str(), F_OK) != 0 && errno == ENOENT;
    }
    if (useless) {
      sys::Call(SYS_unlinkat, folder_.get(), Pointer(entry->d_name), 0);
    }
  }
  closedir(folder);
}

ListImage AnonymousListImage(std::span<const uint8_t> image) {
  const long made =
      sys::Call(SYS_memfd_create, Pointer("gochain-list"), MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (made < 0) {
    return {};
  }
  base::Fd fd(static_cast<int>(made));
  if (!base::WriteAll(fd.get(), image) ||
      sys::Fcntl(fd.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) <
          0) {
    return {};
  }
  return {std::move(fd), image.size()};
}

}  // namespace config
