#include "loop/riders.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <new>

#include "base/clock.h"
#include "base/syscalls.h"
#include "loop/guard.h"
#include "loop/interrupts.h"
#include "loop/seats.h"
#include "loop/watches.h"

namespace loop {
namespace {

// More dials at once than that in one process are dialled and waited for.
constexpr size_t kMaxRiders = 16384;

struct Slot {
  Rider* rider = nullptr;
  uint32_t generation = 0;
};

constinit std::array<Slot, kMaxRiders> g_slots;
constinit size_t g_slots_used = 0;  // none beyond has a rider
constinit size_t g_first_free = 0;  // none before is free

uint64_t NumberOf(size_t index) { return uint64_t{g_slots[index].generation} << 32 | index; }

Rider* Board(const Ticket& ticket) {
  size_t index = g_first_free;
  while (index < g_slots_used && g_slots[index].rider != nullptr) {
    ++index;
  }
  if (index == kMaxRiders) {
    return nullptr;
  }
  Seat* const seat = TakeSeat();
  if (seat == nullptr) {
    return nullptr;
  }
  g_first_free = index + 1;
  g_slots_used = std::max(g_slots_used, index + 1);
  Rider* const rider = new (seat->rider) Rider(ticket);
  seat->slot = index;
  g_slots[index].rider = rider;
  return rider;
}

// What is known of `rider`'s descriptors forgets it.
void Alight(Rider* rider) {
  for (const int fd : rider->descriptors()) {
    if (Descriptor* const descriptor = FindDescriptor(fd);
        descriptor != nullptr && descriptor->rider.load(std::memory_order_relaxed) == rider) {
      descriptor->rider.store(nullptr, std::memory_order_release);
      g_busy.fetch_sub(1, std::memory_order_relaxed);
    }
  }
  Seat* const seat = SeatOf(rider);
  g_slots[seat->slot].rider = nullptr;
  ++g_slots[seat->slot].generation;
  g_first_free = std::min(g_first_free, seat->slot);
  if (!rider->is_foreign()) {
    rider->~Rider();
  }
  ReturnSeat(seat);
}

void Publish(Rider* rider, int fd) {
  if (Descriptor* const descriptor = MakeDescriptor(fd)) {
    descriptor->rider.store(rider, std::memory_order_release);
    g_busy.fetch_add(1, std::memory_order_relaxed);
  }
}

void DetachAll(Rider* rider) {
  for (const Rider::Kept& kept : rider->kept()) {
    Detach(kept.entry.set, kept.fd);
  }
}

// A dial that is over gives the descriptor back to the sets that the program put it into.
void Settle(Rider* rider) {
  if (rider->state() != Rider::State::kUp && rider->state() != Rider::State::kFailed) {
    return;
  }
  DetachAll(rider);
  rider->PutBack();
  if (rider->state() == Rider::State::kUp) {
    Alight(rider);
  }
}

void DriveAndSettle(Rider* rider, int64_t now_ms) {
  if (rider->state() == Rider::State::kFailed) {
    return;
  }
  const auto kept = rider->kept();
  rider->Drive(now_ms);
  if (rider->state() == Rider::State::kDialling) {
    for (const Rider::Kept& entry : kept) {
      WakeBy(entry.entry.set, rider->wake_ms(now_ms));
    }
  }
  Settle(rider);
}

// The program's set is no more.
void CloseSet(int set) {
  for (size_t i = 0; i < g_slots_used; ++i) {
    Rider* const rider = g_slots[i].rider;
    for (size_t at = rider != nullptr ? rider->kept().size() : 0; at-- > 0;) {
      if (rider->kept()[at].entry.set == set) {
        rider->Drop(&rider->kept()[at]);
      }
    }
  }
  CloseWatch(set);
}

void BecomeForeign() {
  ForgetWatches();
  for (size_t i = 0; i < g_slots_used; ++i) {
    Rider* const rider = g_slots[i].rider;
    if (rider != nullptr && rider->state() == Rider::State::kDialling) {
      rider->BecomeForeign();
    }
  }
}

// The guard, for a call on `fd`; rider() is null where no dial of this process rides on it.
class Held {
 public:
  explicit Held(int fd) {
    if (guard_.standing() == Guard::Standing::kForked) {
      BecomeForeign();
    }
    rider_ = guard_.standing() != Guard::Standing::kNone ? RiderOn(fd) : nullptr;
  }
  Rider* rider() const { return rider_; }
  bool is_in_charge() const { return guard_.standing() != Guard::Standing::kNone; }

  Standing Drive(int fd) {
    if (rider_ == nullptr) {
      return Standing::kNone;
    }
    DriveAndSettle(rider_, base::NowMs());
    rider_ = RiderOn(fd);
    return rider_ == nullptr                          ? Standing::kNone
           : rider_->state() == Rider::State::kFailed ? Standing::kFailed
                                                      : Standing::kDialling;
  }

 private:
  Guard guard_;
  Rider* rider_ = nullptr;
};

// The dial of a descriptor that is in no set yet, or that can't be watched there.
bool AttachAll(Rider* rider, int64_t now_ms) {
  const uint64_t number = NumberOf(SeatOf(rider)->slot);
  size_t attached = 0;
  for (const Rider::Kept& kept : rider->kept()) {
    if (Attach(kept.entry.set, kept.fd, number, rider->wake_ms(now_ms)) != 0) {
      for (const Rider::Kept& undone : rider->kept().first(attached)) {
        Detach(undone.entry.set, undone.fd);
      }
      return false;
    }
    ++attached;
  }
  return true;
}

}  // namespace

std::optional<int> Ride(const Ticket& ticket) {
  Rider* rider = nullptr;
  if (!Guard::Prepare() || MakeDescriptor(ticket.fd) == nullptr) {
    return std::nullopt;
  }
  {
    const Held held(ticket.fd);
    rider = held.is_in_charge() ? Board(ticket) : nullptr;
    if (rider == nullptr) {
      return std::nullopt;
    }
    if (!rider->TakeOut(ticket.fd)) {
      rider->PutBack();
      Alight(rider);
      return std::nullopt;
    }
  }
  rider->Begin();
  const Held held(-1);
  const bool is_over = rider->state() != Rider::State::kBoarding;
  if (rider->state() == Rider::State::kFailed) {
    engine::ClearError(ticket.fd);
  }
  if (is_over || !AttachAll(rider, base::NowMs())) {
    const int result = is_over ? -rider->error() : -ENOMEM;
    if (!is_over) {
      engine::Disconnect(ticket.fd, ticket.session.settings().cookie);
    }
    rider->PutBack();
    Alight(rider);
    return is_over ? std::optional(result) : std::nullopt;
  }
  rider->SetOff();
  Publish(rider, ticket.fd);
  return -EINPROGRESS;
}

Standing Look(int fd) {
  if (RiderOn(fd) == nullptr) {
    return Standing::kNone;
  }
  return Held(fd).Drive(fd);
}

Standing Hear(int fd, int* error) {
  if (RiderOn(fd) == nullptr) {
    return Standing::kNone;
  }
  Held held(fd);
  const Standing standing = held.Drive(fd);
  if (standing == Standing::kFailed) {
    *error = held.rider()->error();
    engine::ClearError(fd);
    Alight(held.rider());
  }
  return standing;
}

int WaitFor(int fd, Standing* standing, int* error) {
  for (;;) {
    *standing = Hear(fd, error);
    if (*standing != Standing::kDialling) {
      return 0;
    }
    const int64_t now_ms = base::NowMs();
    const Interest interest = InterestIn(fd, now_ms);
    if (interest.standing != Standing::kDialling) {
      continue;
    }
    pollfd watched{fd, interest.events, 0};
    const int64_t left_ms = std::clamp<int64_t>(interest.wake_ms - now_ms, 0, INT32_MAX);
    if (sys::Poll(&watched, 1, static_cast<int>(left_ms)) == -EINTR && !EveryHandlerRestarts()) {
      return -EINTR;
    }
  }
}

void GiveUp(int fd) {
  if (RiderOn(fd) == nullptr) {
    return;
  }
  const Held held(fd);
  if (Rider* const rider = held.rider()) {
    DetachAll(rider);
    rider->Abandon();
    rider->PutBack();
    Alight(rider);
  }
}

bool Closing(int fd) {
  const Held held(fd);
  if (!held.is_in_charge()) {
    return true;
  }
  if (IsOwnDescriptor(fd)) {
    return false;
  }
  if (IsWatched(fd)) {
    CloseSet(fd);
  }
  if (Rider* const rider = held.rider()) {
    for (const Rider::Kept& kept : rider->kept()) {
      if (kept.fd == fd) {
        Detach(kept.entry.set, fd);
      }
    }
    if (rider->RemoveDescriptor(fd)) {
      FindDescriptor(fd)->rider.store(nullptr, std::memory_order_release);
      g_busy.fetch_sub(1, std::memory_order_relaxed);
    } else {
      rider->AddDescriptor(fd);
      Alight(rider);
    }
  }
  return true;
}

int OwnFrom(int low) {
  const Held held(-1);
  return held.is_in_charge() ? NextOwnDescriptor(low) : INT32_MAX;
}

void Replacing(int fd) {
  const Held held(-1);
  if (held.is_in_charge()) {
    MoveOwnDescriptor(fd);
  }
}

void Duplicated(int fd, int copy) {
  const Held held(fd);
  if (held.rider() != nullptr) {
    held.rider()->AddDescriptor(copy);
    Publish(held.rider(), copy);
  }
}

Interest InterestIn(int fd, int64_t now_ms) {
  if (RiderOn(fd) == nullptr) {
    return {};
  }
  Held held(fd);
  Interest out{.standing = held.Drive(fd)};
  if (out.standing == Standing::kDialling) {
    out.events = held.rider()->wanted_events();
    out.wake_ms = held.rider()->wake_ms(now_ms);
  }
  return out;
}

std::optional<int> Control(int set, int operation, int fd, const epoll_event* event) {
  if (RiderOn(fd) == nullptr) {
    return std::nullopt;
  }
  const Held held(fd);
  Rider* const rider = held.rider();
  // It isn't brought on here: what there is to do already is an event of the inner set's first
  // wait.
  if (rider == nullptr || rider->state() != Rider::State::kDialling) {
    return std::nullopt;
  }
  Rider::Kept* const kept = rider->FindKept(set, fd);
  switch (operation) {
    case EPOLL_CTL_ADD: {
      if (kept != nullptr) {
        return -EEXIST;
      }
      const int64_t now_ms = base::NowMs();
      const int result = Attach(set, fd, NumberOf(SeatOf(rider)->slot), rider->wake_ms(now_ms));
      if (result == 0 && !rider->Keep(fd, {set, *event})) {
        Detach(set, fd);
        return -ENOSPC;
      }
      return result;
    }
    case EPOLL_CTL_MOD:
      if (kept == nullptr) {
        return -ENOENT;
      }
      kept->entry.event = *event;
      return 0;
    case EPOLL_CTL_DEL:
      if (kept == nullptr) {
        return -ENOENT;
      }
      Detach(set, fd);
      rider->Drop(kept);
      return 0;
    default:
      return std::nullopt;
  }
}

void Executing() {
  if (!IsOwner()) {
    return;
  }
  for (size_t i = 0; i < g_slots_used; ++i) {
    int fd = -1;
    {
      const Held held(-1);
      const Rider* const rider = g_slots[i].rider;
      for (const int open : rider != nullptr ? rider->descriptors() : std::span<const int>()) {
        if ((sys::Fcntl(open, F_GETFD) & FD_CLOEXEC) == 0) {
          fd = open;
        }
      }
    }
    Standing standing;
    int error;
    if (fd >= 0) {
      WaitFor(fd, &standing, &error);
    }
  }
}

void DriveRider(uint64_t number) {
  const size_t index = number & 0xffffffff;
  if (index < g_slots_used && g_slots[index].rider != nullptr && NumberOf(index) == number) {
    DriveAndSettle(g_slots[index].rider, base::NowMs());
  }
}

int64_t DriveLate() {
  const int64_t now_ms = base::NowMs();
  int64_t next_ms = INT64_MAX;
  for (size_t i = 0; i < g_slots_used; ++i) {
    Rider* rider = g_slots[i].rider;
    if (rider == nullptr || rider->state() != Rider::State::kDialling) {
      continue;
    }
    DriveAndSettle(rider, now_ms);
    rider = g_slots[i].rider;
    if (rider != nullptr && rider->state() == Rider::State::kDialling) {
      next_ms = std::min(next_ms, rider->wake_ms(now_ms));
    }
  }
  return next_ms;
}

}  // namespace loop
