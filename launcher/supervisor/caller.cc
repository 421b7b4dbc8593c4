#include "supervisor/caller.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/text.h"

// Linux 6.9
#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

namespace supervisor {
namespace {

// PIDFD_GET_INFO of Linux 6.13; the first size there was.
struct PidfdInfo {
  uint64_t mask;
  uint64_t cgroup;
  uint32_t pid;
  uint32_t tgid;
  uint32_t rest[10];
};
static_assert(sizeof(PidfdInfo) == 64);
constexpr uint64_t kInfoPid = 1;
constexpr long kPidfdGetInfo = _IOWR(0xff, 11, PidfdInfo);

// A path below /proc/TID/.
class ProcPath {
 public:
  ProcPath(pid_t tid, std::string_view file, int number = -1) {
    base::TextWriter writer(text_);
    writer.Append("/proc/").AppendNumber(static_cast<uint64_t>(tid)).Append('/').Append(file);
    if (number >= 0) {
      writer.AppendNumber(static_cast<uint64_t>(number));
    }
    writer.Append('\0');
  }
  const char* get() const { return text_.data(); }

 private:
  std::array<char, 96> text_{};
};

// The number after `key` in a file of lines "key:\tNUMBER", or -errno.
long FieldOf(const char* path, std::string_view key, int number_base) {
  const base::Fd file(sys::Open(path, O_RDONLY));
  if (!file) {
    return -ENOENT;
  }
  char text[1024];
  const long size = sys::Read(file.get(), text, sizeof text - 1);
  if (size < 0) {
    return size;
  }
  text[size] = '\0';
  const std::string_view view(text, static_cast<size_t>(size));
  const size_t at = view.find(key);
  return at == view.npos ? -EINVAL : std::strtol(text + at + key.size(), nullptr, number_base);
}

// Do the mappings that the file `maps` tells of let their process write to all of these bytes?
bool AllWritable(const char* maps, uint64_t begin, uint64_t size) {
  std::FILE* const file = std::fopen(maps, "re");
  if (file == nullptr) {
    return false;
  }
  char line[PATH_MAX + 128];
  uint64_t at = begin;
  while (at < begin + size && std::fgets(line, sizeof line, file) != nullptr) {
    char* next = nullptr;
    const uint64_t first = std::strtoull(line, &next, 16);
    const uint64_t end = *next == '-' ? std::strtoull(next + 1, &next, 16) : 0;
    if (at >= first && at < end && next[0] == ' ' && next[1] != '\0' && next[2] == 'w') {
      at = end;
    }
  }
  std::fclose(file);
  return at >= begin + size;
}

// Of a transfer of `size` bytes: 0, or -errno.
int Whole(long transferred, size_t size) {
  if (transferred < 0) {
    return static_cast<int>(transferred);
  }
  return static_cast<size_t>(transferred) == size ? 0 : -EFAULT;
}

uint64_t NetworkOf(const char* path) {
  struct stat status;
  return stat(path, &status) == 0 ? status.st_ino : 0;
}

}  // namespace

// Reading /proc/TID/status takes the kernel longer than all else that a connect needs, so it comes
// last.
pid_t Caller::tgid() {
  if (tgid_ != 0) {
    return tgid_;
  }
  PidfdInfo info{};
  info.mask = kInfoPid;
  if (pidfd_ != nullptr &&
      sys::Call(SYS_ioctl, pidfd_->get(), kPidfdGetInfo, reinterpret_cast<long>(&info)) == 0) {
    tgid_ = static_cast<pid_t>(info.tgid);
  } else if (sys::Call(SYS_tgkill, tid_, tid_, 0) != -ESRCH) {
    tgid_ = tid_;  // ESRCH unless this is a process's first thread
  } else {
    const long found = FieldOf(ProcPath(tid_, "status").get(), "\nTgid:\t", 10);
    tgid_ = found > 0 ? static_cast<pid_t>(found) : tid_;
  }
  return tgid_;
}

std::string_view Caller::exe() {
  if (exe_size_ == 0) {
    const long size = sys::Readlink(ProcPath(tid_, "exe").get(), exe_.data(), exe_.size());
    exe_size_ = size > 0 ? static_cast<size_t>(size) : 0;
  }
  std::string_view path(exe_.data(), exe_size_);
  constexpr std::string_view kDeleted = " (deleted)";
  if (path.ends_with(kDeleted)) {
    path.remove_suffix(kDeleted.size());
  }
  return path.substr(path.rfind('/') + 1);
}

long Caller::ReadSome(uint64_t address, std::span<uint8_t> out) const {
  const iovec here{out.data(), out.size()};
  const iovec there{reinterpret_cast<void*>(address), out.size()};
  const long size = sys::Call(SYS_process_vm_readv, tid_, reinterpret_cast<long>(&here), 1,
                              reinterpret_cast<long>(&there), 1);
  if (size != -EPERM && size != -ENOSYS) {
    return size;
  }
  // Some sandboxes refuse the call but not the file.
  const base::Fd memory(sys::Open(ProcPath(tid_, "mem").get(), O_RDONLY));
  if (!memory) {
    return size;
  }
  const long read = sys::Pread(memory.get(), out.data(), out.size(), static_cast<int64_t>(address));
  return read == -EIO ? -EFAULT : read;
}

int Caller::Read(uint64_t address, std::span<uint8_t> out) const {
  size_t done = 0;
  while (done < out.size()) {
    const long size = ReadSome(address + done, out.subspan(done));
    if (size <= 0) {
      return size < 0 ? static_cast<int>(size) : -EFAULT;
    }
    done += static_cast<size_t>(size);
  }
  return 0;
}

int Caller::Write(uint64_t address, std::span<const uint8_t> data) const {
  const iovec here{const_cast<uint8_t*>(data.data()), data.size()};
  const iovec there{reinterpret_cast<void*>(address), data.size()};
  const long size = sys::Call(SYS_process_vm_writev, tid_, reinterpret_cast<long>(&here), 1,
                              reinterpret_cast<long>(&there), 1);
  return size == -EPERM || size == -ENOSYS ? WriteToFile(address, data) : Whole(size, data.size());
}

// Where the call is refused but not the file, as in Docker up to 20.10. The file minds no
// protection.
int Caller::WriteToFile(uint64_t address, std::span<const uint8_t> data) const {
  const base::Fd memory(sys::Open(ProcPath(tid_, "mem").get(), O_WRONLY));
  if (!memory) {
    return -EPERM;
  }
  if (!AllWritable(ProcPath(tid_, "maps").get(), address, data.size())) {
    return -EFAULT;
  }
  return Whole(sys::Call(SYS_pwrite64, memory.get(), reinterpret_cast<long>(data.data()),
                         static_cast<long>(data.size()), static_cast<long>(address)),
               data.size());
}

int Caller::pidfd() {
  if (!asked_for_pidfd_) {
    asked_for_pidfd_ = true;
    OpenPidfd();
  }
  return pidfd_number();
}

void Caller::OpenPidfd() {
  // A thread's own pidfd also works when the process's first thread is gone, and when threads have
  // file tables of their own. Older kernels know only processes.
  static constinit std::atomic<bool> knows_threads{true};
  if (knows_threads.load(std::memory_order_relaxed)) {
    const long opened = sys::Call(SYS_pidfd_open, tid_, PIDFD_THREAD);
    if (opened >= 0) {
      pidfd_ = std::make_shared<const base::Fd>(static_cast<int>(opened));
      pidfds_.Keep(tid_, pidfd_);
      return;
    }
    if (opened != -EINVAL) {
      return;
    }
    knows_threads.store(false, std::memory_order_relaxed);
  }
  const long opened = sys::Call(SYS_pidfd_open, tgid(), 0);
  if (opened >= 0) {
    pidfd_ = std::make_shared<const base::Fd>(static_cast<int>(opened));
  }
}

base::Result<base::Fd> Caller::TakeDescriptor(int fd) {
  if (!asked_for_pidfd_) {
    if (PidfdCache::Shared kept = pidfds_.Find(tid_)) {
      const long taken = sys::Call(SYS_pidfd_getfd, kept->get(), fd, 0);
      if (taken >= 0) {
        asked_for_pidfd_ = true;
        pidfd_ = std::move(kept);
        return base::Fd(static_cast<int>(taken));
      }
    }
  }
  if (pidfd() < 0) {
    return base::Error{ESRCH, "pidfd_open"};
  }
  const long taken = sys::Call(SYS_pidfd_getfd, pidfd(), fd, 0);
  if (taken < 0) {
    return base::Error{static_cast<int>(-taken), "pidfd_getfd"};
  }
  return base::Fd(static_cast<int>(taken));
}

int Caller::StatDescriptor(int fd, struct stat* out) const {
  return fd >= 0 && stat(ProcPath(tid_, "fd/", fd).get(), out) == 0 ? 0 : fd < 0 ? -EBADF : -errno;
}

int Caller::DescriptorFlags(int fd) const {
  return static_cast<int>(FieldOf(ProcPath(tid_, "fdinfo/", fd).get(), "\nflags:\t", 8));
}

bool Caller::SharesNetwork() const {
  static const uint64_t own = NetworkOf("/proc/self/ns/net");
  const uint64_t theirs = NetworkOf(ProcPath(tid_, "ns/net").get());
  return theirs != 0 && theirs == own;
}

base::Result<base::Fd> Caller::Open(const char* path, int flags) const {
  const bool absolute = path[0] == '/';
  const int anchor = sys::Open(ProcPath(tid_, absolute ? "root" : "cwd").get(), O_PATH);
  if (anchor < 0) {
    return base::Error{-anchor, "open"};
  }
  const base::Fd base_directory(anchor);
  // Symbolic links must not lead from a changed root into ours.
  open_how how{};
  how.flags = static_cast<uint64_t>(flags | O_CLOEXEC);
  how.resolve = absolute ? RESOLVE_IN_ROOT : 0;
  long opened = sys::Call(SYS_openat2, anchor, reinterpret_cast<long>(path),
                          reinterpret_cast<long>(&how), sizeof how);
  if (opened == -ENOSYS) {
    while (*path == '/') {
      ++path;
    }
    opened = sys::Call(SYS_openat, anchor, reinterpret_cast<long>(path), flags | O_CLOEXEC);
  }
  if (opened < 0) {
    return base::Error{static_cast<int>(-opened), "open"};
  }
  return base::Fd(static_cast<int>(opened));
}

int TryReading(pid_t child) {
  static const uint64_t known = 0;
  uint64_t read = 0;
  PidfdCache none;
  return -Caller(child, none).ReadObject(reinterpret_cast<uint64_t>(&known), &read);
}

}  // namespace supervisor
