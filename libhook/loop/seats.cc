#include "loop/seats.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include <array>
#include <bit>
#include <cstdint>
#include <new>

#include "base/syscalls.h"

namespace loop {

// In memory that was mapped for it. A process with one dial touches the pages of one seat.
struct Slab {
  static constexpr uint32_t kAllFree = 0xffff;

  Slab* next = nullptr;  // of those with free seats
  Slab* previous = nullptr;
  uint32_t free = kAllFree;  // a bit for each seat
  std::array<Seat, 16> seats;
};

namespace {

constinit Slab* g_first = nullptr;  // of the slabs with free seats
constinit size_t g_slab_count = 0;

void Link(Slab* slab) {
  slab->previous = nullptr;
  slab->next = g_first;
  if (g_first != nullptr) {
    g_first->previous = slab;
  }
  g_first = slab;
}

void Unlink(Slab* slab) {
  (slab->previous != nullptr ? slab->previous->next : g_first) = slab->next;
  if (slab->next != nullptr) {
    slab->next->previous = slab->previous;
  }
}

Slab* MapSlab() {
  // Where one was not enough there are many dials at once, and a fault for each page of theirs
  // would cost several times what it costs to have all pages together.
  const int populate = g_slab_count > 0 ? MAP_POPULATE : 0;
  const long mapped = sys::Call(SYS_mmap, 0, sizeof(Slab), PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | populate, -1);
  if (mapped < 0 && mapped > -4096) {
    return nullptr;
  }
  auto* const slab = new (reinterpret_cast<void*>(mapped)) Slab;
  ++g_slab_count;
  Link(slab);
  return slab;
}

}  // namespace

Seat* TakeSeat() {
  Slab* const slab = g_first != nullptr ? g_first : MapSlab();
  if (slab == nullptr) {
    return nullptr;
  }
  Seat& seat = slab->seats[static_cast<size_t>(std::countr_zero(slab->free))];
  seat.slab = slab;
  slab->free &= slab->free - 1;
  if (slab->free == 0) {
    Unlink(slab);
  }
  return &seat;
}

void ReturnSeat(Seat* seat) {
  Slab* const slab = seat->slab;
  if (slab->free == 0) {
    Link(slab);
  }
  slab->free |= 1u << (seat - slab->seats.data());
  const bool is_only = slab->next == nullptr && slab->previous == nullptr;
  if (slab->free == Slab::kAllFree && !is_only) {
    Unlink(slab);
    --g_slab_count;
    sys::Unmap(slab, sizeof(Slab));
  }
}

Seat* SeatOf(const Rider* rider) {
  return reinterpret_cast<Seat*>(reinterpret_cast<uintptr_t>(rider) - offsetof(Seat, rider));
}

}  // namespace loop
