#include "loop/epoll_registrations.h"

#include <fcntl.h>
#include <sys/syscall.h>

#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>

#include "base/fd.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "loop/own_descriptors.h"

namespace loop {
namespace {

std::optional<uint64_t> Number(std::string_view text, int number_base) {
  while (text.starts_with(' ')) {
    text.remove_prefix(1);
  }
  uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value, number_base);
  return parsed.ec == std::errc() ? std::optional(value) : std::nullopt;
}

// The number behind `key` in a line of fdinfo.
std::optional<uint64_t> Field(std::string_view line, std::string_view key, int number_base) {
  const size_t at = line.find(key);
  return at != std::string_view::npos ? Number(line.substr(at + key.size()), number_base)
                                      : std::nullopt;
}

struct Path {
  explicit Path(std::string_view folder, int fd) {
    base::TextWriter(std::span<char>(text).first(text.size() - 1))
        .Append(folder)
        .AppendNumber(static_cast<uint64_t>(fd));
  }
  std::array<char, 64> text{};
};

bool IsEpoll(int fd) {
  constexpr std::string_view kLink = "anon_inode:[eventpoll]";
  char link[kLink.size() + 1];
  const long size = sys::Readlink(Path("/proc/self/fd/", fd).text.data(), link, sizeof link);
  return size == static_cast<long>(kLink.size()) &&
         std::memcmp(link, kLink.data(), kLink.size()) == 0;
}

}  // namespace

void EpollRegistrations::Collect(int fd) {
  count_ = 0;
  ForEachDescriptor([&](int open) {
    if (IsEpoll(open)) {
      CollectFromSet(open, fd);
    }
  });
}

void EpollRegistrations::CollectFromSet(int set, int fd) {
  const base::Fd info(sys::Open(Path("/proc/self/fdinfo/", set).text.data(), O_RDONLY));
  char buffer[4096];
  size_t kept = 0;
  for (;;) {
    const long size = info.valid() ? sys::Read(info.get(), buffer + kept, sizeof buffer - kept) : 0;
    if (size <= 0) {
      return;
    }
    std::string_view text(buffer, kept + static_cast<size_t>(size));
    for (size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
      CollectFromLine(text.substr(0, end), set, fd);
      text.remove_prefix(end + 1);
    }
    // A line's start waits for its end; one longer than the buffer is no line of epoll's.
    kept = text.size() < sizeof buffer ? text.size() : 0;
    std::memmove(buffer, text.data(), kept);
  }
}

// "tfd:        5 events:       19 data:         55d0c0de  pos:0 ino:2d5e sdev:8"
void EpollRegistrations::CollectFromLine(std::string_view line, int set, int fd) {
  const auto descriptor = Field(line, "tfd:", 10);
  const auto events = Field(line, "events:", 16);
  const auto data = Field(line, "data:", 16);
  const auto inode = Field(line, "ino:", 16);
  struct stat status;
  if (!descriptor || *descriptor != static_cast<uint64_t>(fd) || !events || !data ||
      count_ == kMaxSets || sys::Fstat(fd, &status) != 0 || (inode && *inode != status.st_ino)) {
    return;
  }
  Entry& registration = registrations_[count_++];
  registration.set = set;
  registration.event.events = static_cast<uint32_t>(*events);
  registration.event.data.u64 = *data;
}

void EpollRegistrations::Remove(int fd) const {
  for (size_t i = 0; i < count_; ++i) {
    sys::Call(SYS_epoll_ctl, registrations_[i].set, EPOLL_CTL_DEL, fd);
  }
}

void EpollRegistrations::Add(int fd) const {
  for (size_t i = 0; i < count_; ++i) {
    epoll_event event = registrations_[i].event;
    sys::Call(SYS_epoll_ctl, registrations_[i].set, EPOLL_CTL_ADD, fd,
              reinterpret_cast<long>(&event));
  }
}

}  // namespace loop
