// Threads of the supervisor: small stacks, no signals but one of our own.
#ifndef GOCHAIN_SUPERVISOR_THREAD_H_
#define GOCHAIN_SUPERVISOR_THREAD_H_

#include <cstdint>

namespace supervisor {

// Starts a detached thread; false where the system has no room for one. All signals are blocked in
// it but the one of Ticker.
bool StartThread(void (*run)(void*), void* argument);

// Interrupts the blocking system calls of the thread that owns it, again and again: the one way to
// end a connect(2) on a blocking socket whose flags mustn't be touched. The signal does nothing,
// and a tick that came too early is made up for by the next. Of one thread; REQUIRES:
// InstallTickSignal() was called.
class Ticker {
 public:
  Ticker() = default;
  ~Ticker();
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

  // First after `first_ms`, then every `every_ms`. False where there is no timer to be had.
  bool Start(int64_t first_ms, int64_t every_ms);
  void Stop();

 private:
  bool made_ = false;
  void* timer_ = nullptr;
};

// Once in the process.
void InstallTickSignal();

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_THREAD_H_
