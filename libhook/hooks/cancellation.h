// Thread cancellation: connect is a cancellation point (pthreads(7)), so a dial is one too, and a
// cancelled dial is undone. Any thread; async-signal-safe as far as libc's own connect is.
//
// glibc unwinds a cancelled thread's stack. The library has no exceptions, so its frames have no
// landing pads; instead the frame of RunDial has a personality routine of its own that undoes the
// dial when the unwinder passes. musl doesn't unwind: there a cancelled thread leaves the socket as
// it is, connected to a proxy or half way.
#ifndef GOCHAIN_HOOKS_CANCELLATION_H_
#define GOCHAIN_HOOKS_CANCELLATION_H_

#include <pthread.h>
#include <sys/time.h>

#include <cstdint>

namespace hooks {

// A dial that runs on this thread. They nest, when a signal handler connects.
struct DialInProgress {
  int fd = -1;
  uint64_t cookie = 0;
  bool blocking = false;  // the descriptor waits in connect(2)
  bool send_timeout_changed = false;
  timeval send_timeout{};  // the program's own, to put back
  DialInProgress* outer = nullptr;
};

// Puts the program's SO_SNDTIMEO back where the dial has changed it.
void RestoreSendTimeout(DialInProgress& dial);

// Returns body(argument). Where the thread is cancelled inside, `dial` is undone.
int RunDial(DialInProgress& dial, int (*body)(void*), void* argument);

// While it lives a pending or coming cancellation takes effect at once; so it encloses one raw
// system call and nothing else, as libc does with its own cancellation points.
class CancellationPoint {
 public:
  CancellationPoint();
  ~CancellationPoint();
  CancellationPoint(const CancellationPoint&) = delete;
  CancellationPoint& operator=(const CancellationPoint&) = delete;

 private:
  int type_ = PTHREAD_CANCEL_DEFERRED;
};

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_CANCELLATION_H_
