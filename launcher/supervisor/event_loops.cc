#include "supervisor/event_loops.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "base/syscalls.h"
#include "base/text.h"

namespace supervisor {
namespace {

// "/proc/TID/WHAT", "/proc/TID/fd/N"
struct ThreadPath {
  ThreadPath(pid_t tid, std::string_view what, int number = -1) {
    base::TextWriter writer(std::span<char>(text).first(text.size() - 1));
    writer.Append("/proc/").AppendNumber(static_cast<uint64_t>(tid)).Append('/').Append(what);
    if (number >= 0) {
      writer.AppendNumber(static_cast<uint64_t>(number));
    }
  }
  std::array<char, 64> text{};
};

bool IsEpollSet(pid_t tid, int fd) {
  constexpr std::string_view kLink = "anon_inode:[eventpoll]";
  char link[kLink.size() + 1];
  const long size = sys::Readlink(ThreadPath(tid, "fd/", fd).text.data(), link, sizeof link);
  return size > 0 && std::string_view(link, static_cast<size_t>(size)) == kLink;
}

// The number of the first epoll set of the thread's that `wanted` says yes to, or -1.
template <typename Wanted>
int FindEpollSet(pid_t tid, const Wanted& wanted) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(ThreadPath(tid, "fd").text.data()),
                                                   closedir);
  if (folder == nullptr) {
    return -1;
  }
  while (const dirent* const entry = readdir(folder.get())) {
    const int fd = std::atoi(entry->d_name);
    if (entry->d_name[0] != '.' && IsEpollSet(tid, fd) && wanted(fd)) {
      return fd;
    }
  }
  return -1;
}

// Has the set `set` an entry for descriptor `fd`? By proc(5), "tfd:        5 events: …".
bool HasEntry(pid_t tid, int set, int fd) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(
      std::fopen(ThreadPath(tid, "fdinfo/", set).text.data(), "re"), std::fclose);
  char line[256];
  while (file != nullptr && std::fgets(line, sizeof line, file.get()) != nullptr) {
    int number = -1;
    if (std::sscanf(line, "tfd: %d", &number) == 1 && number == fd) {
      return true;
    }
  }
  return false;
}

}  // namespace

bool EventLoops::IsGo(pid_t tid) {
  const ThreadPath path(tid, "exe");
  struct stat status;
  if (stat(path.text.data(), &status) != 0) {
    return false;
  }
  File file{status.st_dev, status.st_ino,
            int64_t{status.st_ctim.tv_sec} * 1000000000 + status.st_ctim.tv_nsec,
            program::Entry::kNone};
  {
    const std::lock_guard lock(mutex_);
    for (const File& known : files_) {
      if (known.inode == file.inode && known.device == file.device &&
          known.changed_ns == file.changed_ns) {
        return known.entry == program::Entry::kGo;
      }
    }
  }
  file.entry = program::Judge(AT_FDCWD, path.text.data()).entry;
  const std::lock_guard lock(mutex_);
  files_[next_file_++ % files_.size()] = file;
  return file.entry == program::Entry::kGo;
}

bool EventLoops::HasEpollSet(pid_t tid) {
  const int before = Remembered(tid);
  if (before >= 0 && IsEpollSet(tid, before)) {
    return true;
  }
  const int found = FindEpollSet(tid, [](int) { return true; });
  if (found >= 0) {
    Remember(tid, found);
  }
  return found >= 0;
}

bool EventLoops::IsWatched(pid_t tid, int fd) {
  return FindEpollSet(tid, [=](int set) { return HasEntry(tid, set, fd); }) >= 0;
}

int EventLoops::Remembered(pid_t tid) {
  const std::lock_guard lock(mutex_);
  for (const Found& found : found_) {
    if (found.tid == tid) {
      return found.fd;
    }
  }
  return -1;
}

void EventLoops::Remember(pid_t tid, int fd) {
  const std::lock_guard lock(mutex_);
  for (Found& found : found_) {
    if (found.tid == tid) {
      found.fd = fd;
      return;
    }
  }
  found_[next_found_++ % found_.size()] = {tid, fd};
}

}  // namespace supervisor
