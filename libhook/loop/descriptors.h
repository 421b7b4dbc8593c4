// What is known of each of the program's descriptors: the dial that rides on it, and the epoll sets
// that it was put into. Two levels, made as numbers are used; never freed, found without a lock.
// Async-signal-safe, any thread.
#ifndef GOCHAIN_LOOP_DESCRIPTORS_H_
#define GOCHAIN_LOOP_DESCRIPTORS_H_

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace loop {

class Rider;

// An entry of a descriptor in an epoll set, as the program made it.
struct Entry {
  int set = -1;
  epoll_event event{};
};

class Descriptor {
 public:
  std::atomic<Rider*> rider;

  // The program put it into `set`, changed its entry there, or took it out. What it is in by
  // another way (a raw call, before exec) isn't seen.
  void Note(int operation, int set, const epoll_event* event);
  static constexpr size_t kMaxSets = 2;
  // The entry number `index`; its set is -1 where there is none. An entry may be stale: closing a
  // descriptor takes it out of its sets.
  Entry At(size_t index) const;
  // Process `pid` made it; a child of fork has it from there.
  void NoteMaker(int pid) {
    maker_ = pid;
    was_copied_ = false;
  }
  int maker() const { return maker_; }
  // Another descriptor was made of it, or it was made of another.
  void NoteCopy() { was_copied_ = true; }
  bool was_copied() const { return was_copied_; }
  // There were more entries than room for them.
  bool has_more() const { return has_more_; }

 private:
  // As zeroed memory has them: no entry.
  struct Slot {
    int set_plus_1;
    uint32_t events;
    uint64_t data;
  };
  std::array<Slot, kMaxSets> slots_;
  bool has_more_;
  bool was_copied_;
  int maker_;
};

// nullptr: nothing is known of it.
Descriptor* FindDescriptor(int fd);
// nullptr: no memory, or a number beyond a million.
Descriptor* MakeDescriptor(int fd);

// False where the file of `fd` may have descriptors elsewhere: in another process, or others in
// this.
bool IsOwnAlone(int fd);
// True where `fd` is in an epoll set now, as far as is known.
bool IsInSets(int fd);

inline Rider* RiderOn(int fd) {
  const Descriptor* const descriptor = FindDescriptor(fd);
  return descriptor != nullptr ? descriptor->rider.load(std::memory_order_acquire) : nullptr;
}

}  // namespace loop

#endif  // GOCHAIN_LOOP_DESCRIPTORS_H_
