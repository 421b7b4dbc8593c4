#include "loop/guard.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "base/syscalls.h"

namespace loop {
namespace {

// In memory that a forked child finds zeroed (MADV_WIPEONFORK, madvise(2)).
struct Wiped {
  std::atomic<int> owner;  // a process id; 0 after fork
  std::atomic<bool> locked;
};

constinit std::atomic<Wiped*> g_wiped = nullptr;

long SetSignals(const uint64_t* set, uint64_t* old) {
  return sys::Call(SYS_rt_sigprocmask, SIG_SETMASK, reinterpret_cast<long>(set),
                   reinterpret_cast<long>(old), sizeof *set);
}

}  // namespace

constinit std::atomic<uint32_t> g_busy = 0;
__thread bool g_inside __attribute__((tls_model("initial-exec"))) = false;

bool Guard::Prepare() {
  if (g_wiped.load(std::memory_order_acquire) != nullptr) {
    return true;
  }
  constexpr size_t kPage = 4096;
  const long mapped =
      sys::Call(SYS_mmap, 0, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  if (mapped < 0 && mapped > -4096) {
    return false;
  }
  auto* const wiped = reinterpret_cast<Wiped*>(mapped);
  Wiped* winner = nullptr;
  if (sys::Call(SYS_madvise, mapped, kPage, MADV_WIPEONFORK) != 0) {
    sys::Unmap(wiped, kPage);
    return false;
  }
  wiped->owner.store(sys::Getpid(), std::memory_order_relaxed);
  if (!g_wiped.compare_exchange_strong(winner, wiped, std::memory_order_acq_rel)) {
    sys::Unmap(wiped, kPage);
  }
  return true;
}

Guard::Guard() : standing_(Standing::kNone) {
  Wiped* const wiped = g_wiped.load(std::memory_order_acquire);
  const int owner = wiped->owner.load(std::memory_order_relaxed);
  if (owner != 0 && owner != sys::Getpid()) {
    return;
  }
  const uint64_t all = ~uint64_t{0};
  SetSignals(&all, &signals_);
  while (wiped->locked.exchange(true, std::memory_order_acquire)) {
    sys::Call(SYS_sched_yield);
  }
  g_inside = true;
  standing_ = Standing::kOwner;
  if (wiped->owner.load(std::memory_order_relaxed) == 0) {
    wiped->owner.store(sys::Getpid(), std::memory_order_relaxed);
    standing_ = Standing::kForked;
  }
}

Guard::~Guard() {
  if (standing_ == Standing::kNone) {
    return;
  }
  g_inside = false;
  g_wiped.load(std::memory_order_relaxed)->locked.store(false, std::memory_order_release);
  SetSignals(&signals_, nullptr);
}

bool IsOwner() {
  const Wiped* const wiped = g_wiped.load(std::memory_order_acquire);
  return wiped != nullptr && wiped->owner.load(std::memory_order_relaxed) == sys::Getpid();
}

}  // namespace loop
