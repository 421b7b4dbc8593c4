// Guard: the one lock over the dials that ride on the program's event loops, and how a process
// finds out that it was forked meanwhile.
//
// Signals are blocked while it is held, so a handler never waits for the code that it interrupted;
// it is held for a few system calls that don't block. After fork(2) the child finds the lock free
// and the dials not its own. A child of vfork(2), which shares this memory but no descriptor, has
// no say in them. Async-signal-safe, any thread.
#ifndef GOCHAIN_LOOP_GUARD_H_
#define GOCHAIN_LOOP_GUARD_H_

#include <atomic>
#include <cstdint>

namespace loop {

extern std::atomic<uint32_t> g_busy;
extern __thread bool g_inside __attribute__((tls_model("initial-exec")));

// True where some dial rides, or the failure of one hasn't been told yet: what every hook asks
// first. False on a thread that holds the guard: what it calls is the real function.
inline bool IsBusy() {
  return __builtin_expect(g_busy.load(std::memory_order_relaxed) != 0, 0) && !g_inside;
}

class Guard {
 public:
  enum class Standing : uint8_t {
    kOwner,
    kForked,  // for the first time in this process: what there is is the parent's
    kNone,    // nothing is locked, nothing to be touched
  };

  Guard();
  ~Guard();
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;

  Standing standing() const { return standing_; }

  // False where the kernel has not what it takes (Linux 4.14); then no dial may ride. Once.
  static bool Prepare();

 private:
  Standing standing_;
  uint64_t signals_ = 0;
};

// True in the process that the dials are of; false in a child of vfork(2) or fork(2).
bool IsOwner();

}  // namespace loop

#endif  // GOCHAIN_LOOP_GUARD_H_
