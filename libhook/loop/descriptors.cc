#include "loop/descriptors.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include "base/syscalls.h"
#include "loop/own_descriptors.h"

namespace loop {
namespace {

constexpr size_t kPerLeaf = 1024;
constexpr size_t kLeaves = 1024;

using Leaf = std::array<Descriptor, kPerLeaf>;

constinit std::array<std::atomic<Leaf*>, kLeaves> g_leaves{};

bool IsTracked(int fd) { return fd >= 0 && static_cast<size_t>(fd) < kPerLeaf * kLeaves; }

std::atomic<Leaf*>& LeafOf(int fd) { return g_leaves[static_cast<size_t>(fd) / kPerLeaf]; }

}  // namespace

Descriptor* FindDescriptor(int fd) {
  if (!IsTracked(fd)) {
    return nullptr;
  }
  Leaf* const leaf = LeafOf(fd).load(std::memory_order_acquire);
  return leaf != nullptr ? &(*leaf)[static_cast<size_t>(fd) % kPerLeaf] : nullptr;
}

Descriptor* MakeDescriptor(int fd) {
  if (!IsTracked(fd)) {
    return nullptr;
  }
  if (Descriptor* const known = FindDescriptor(fd)) {
    return known;
  }
  const long mapped = sys::Call(SYS_mmap, 0, sizeof(Leaf), PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
  if (mapped < 0 && mapped > -4096) {
    return nullptr;
  }
  Leaf* winner = nullptr;
  if (!LeafOf(fd).compare_exchange_strong(winner, reinterpret_cast<Leaf*>(mapped),
                                          std::memory_order_acq_rel)) {
    sys::Unmap(reinterpret_cast<void*>(mapped), sizeof(Leaf));
  }
  return FindDescriptor(fd);
}

bool IsOwnAlone(int fd) {
  const Descriptor* const known = FindDescriptor(fd);
  struct stat status;
  if (known == nullptr || known->maker() != sys::Getpid() || sys::Fstat(fd, &status) != 0) {
    return false;
  }
  if (!known->was_copied()) {
    return true;
  }
  // The number may have become another file's since.
  size_t count = 0;
  ForEachDescriptor([&](int open) {
    struct stat other;
    count += sys::Fstat(open, &other) == 0 && other.st_ino == status.st_ino &&
             other.st_dev == status.st_dev;
  });
  return count == 1;
}

bool IsInSets(int fd) {
  const Descriptor* const known = FindDescriptor(fd);
  if (known == nullptr || known->has_more()) {
    return known != nullptr;
  }
  for (size_t i = 0; i < Descriptor::kMaxSets; ++i) {
    Entry entry = known->At(i);
    // An entry that isn't there any more can't be changed.
    if (entry.set >= 0 && sys::Call(SYS_epoll_ctl, entry.set, EPOLL_CTL_MOD, fd,
                                    reinterpret_cast<long>(&entry.event)) == 0) {
      return true;
    }
  }
  return false;
}

void Descriptor::Note(int operation, int set, const epoll_event* event) {
  Slot* free = nullptr;
  for (Slot& slot : slots_) {
    if (slot.set_plus_1 == set + 1) {
      free = &slot;
      break;
    }
    if (slot.set_plus_1 == 0 && free == nullptr) {
      free = &slot;
    }
  }
  if (operation == EPOLL_CTL_DEL) {
    if (free != nullptr && free->set_plus_1 == set + 1) {
      *free = {};
    }
    return;
  }
  if (free == nullptr) {
    has_more_ = true;
    return;
  }
  *free = {set + 1, event->events, event->data.u64};
}

Entry Descriptor::At(size_t index) const {
  const Slot& slot = slots_[index];
  Entry out{.set = slot.set_plus_1 - 1};
  out.event.events = slot.events;
  out.event.data.u64 = slot.data;
  return out;
}

}  // namespace loop
