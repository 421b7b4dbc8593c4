#include "errand/errand.h"

#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>

#include <atomic>
#include <cerrno>
#include <utility>

#include "base/fd.h"

namespace errand {
namespace {

// Deep enough for libkrb5 and for getaddrinfo(3) with its modules; only what is touched costs
// memory.
constexpr size_t kStackSize = 512 * 1024;

// Detached, and with all signals blocked: false where the system has no room for a thread.
bool StartThread(void* (*run)(void*), void* argument) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, kStackSize);
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  const bool started = pthread_create(&thread, &attributes, run, argument) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  return started;
}

}  // namespace

struct Errand::State {
  std::function<void()> work;
  base::Fd event;
  int error = 0;
  std::atomic<bool> done = false;  // what the work wrote is written before
};

Errand::Errand(std::function<void()> work) : state_(std::make_shared<State>()) {
  state_->work = std::move(work);
  state_->event.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!state_->event) {
    state_->error = errno;
    state_->done = true;
    return;
  }
  auto share = std::make_unique<std::shared_ptr<State>>(state_);
  if (StartThread(Run, share.get())) {
    (void)share.release();
    return;
  }
  state_->error = EAGAIN;
  state_->done = true;
  eventfd_write(state_->event.get(), 1);
}

Errand::~Errand() = default;

void* Errand::Run(void* argument) {
  const std::unique_ptr<std::shared_ptr<State>> share(
      static_cast<std::shared_ptr<State>*>(argument));
  State& state = **share;
  state.work();
  state.done.store(true, std::memory_order_release);
  eventfd_write(state.event.get(), 1);
  return nullptr;
}

int Errand::fd() const { return state_->event.get(); }

bool Errand::done() const { return state_->done.load(std::memory_order_acquire); }

int Errand::error() const { return state_->error; }

}  // namespace errand
