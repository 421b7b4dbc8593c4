#include "supervisor/thread.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

#include <memory>

#include "base/syscalls.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

namespace supervisor {
namespace {

// Deep enough for getaddrinfo(3) with its modules; only what is touched costs memory.
constexpr size_t kStackSize = 512 * 1024;

int TickSignal() { return SIGRTMIN; }

void IgnoreTick(int) {}

struct Start {
  void (*run)(void*);
  void* argument;
};

void* Run(void* argument) {
  const std::unique_ptr<Start> start(static_cast<Start*>(argument));
  sigset_t tick;
  sigemptyset(&tick);
  sigaddset(&tick, TickSignal());
  pthread_sigmask(SIG_UNBLOCK, &tick, nullptr);
  start->run(start->argument);
  return nullptr;
}

timespec Timespec(int64_t ms) {
  timespec out{};
  out.tv_sec = ms / 1000;
  out.tv_nsec = ms % 1000 * 1000000;
  return out;
}

}  // namespace

bool StartThread(void (*run)(void*), void* argument) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, kStackSize);
  // Blocked before the thread is there, so that none of the process's signals finds it.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  auto start = std::make_unique<Start>(Start{run, argument});
  pthread_t thread;
  const bool started = pthread_create(&thread, &attributes, Run, start.get()) == 0;
  if (started) {
    (void)start.release();
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  return started;
}

void InstallTickSignal() {
  struct sigaction action {};
  action.sa_handler = IgnoreTick;  // without SA_RESTART: the call shall return EINTR
  sigemptyset(&action.sa_mask);
  sigaction(TickSignal(), &action, nullptr);
}

Ticker::~Ticker() {
  if (made_) {
    timer_delete(static_cast<timer_t>(timer_));
  }
}

bool Ticker::Start(int64_t first_ms, int64_t every_ms) {
  if (!made_) {
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = TickSignal();
    event.sigev_notify_thread_id = sys::Gettid();
    timer_t timer;
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) {
      return false;
    }
    timer_ = static_cast<void*>(timer);
    made_ = true;
  }
  const itimerspec when{Timespec(every_ms), Timespec(first_ms)};
  return timer_settime(static_cast<timer_t>(timer_), 0, &when, nullptr) == 0;
}

void Ticker::Stop() {
  const itimerspec never{};
  timer_settime(static_cast<timer_t>(timer_), 0, &never, nullptr);
}

}  // namespace supervisor
