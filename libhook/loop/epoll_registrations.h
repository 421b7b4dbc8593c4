// EpollRegistrations: in which epoll sets of this process a descriptor is, and with what. Plain
// value for one call; async-signal-safe.
#ifndef GOCHAIN_LOOP_EPOLL_REGISTRATIONS_H_
#define GOCHAIN_LOOP_EPOLL_REGISTRATIONS_H_

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <string_view>

#include "loop/descriptors.h"

namespace loop {

class EpollRegistrations {
 public:
  // Reads /proc/self/fdinfo of every epoll descriptor (proc_pid_fdinfo(5)); without /proc there are
  // none. Sets past the limit are not seen.
  void Collect(int fd);
  void Remove(int fd) const;  // EPOLL_CTL_DEL in each
  void Add(int fd) const;     // EPOLL_CTL_ADD in each, with its events and data

  size_t size() const { return count_; }
  const Entry& At(size_t index) const { return registrations_[index]; }

 private:
  // A descriptor in more than one or two sets is unheard of.
  static constexpr size_t kMaxSets = 8;

  void CollectFromSet(int set, int fd);
  void CollectFromLine(std::string_view line, int set, int fd);

  std::array<Entry, kMaxSets> registrations_;
  size_t count_ = 0;
};

}  // namespace loop

#endif  // GOCHAIN_LOOP_EPOLL_REGISTRATIONS_H_
