#include "supervisor/crew.h"

#include <poll.h>

#include <cerrno>

#include "base/syscalls.h"

namespace supervisor {
namespace {

// More dials than this at once wait for each other. A build that fetches a thousand modules in
// parallel doesn't get there.
constexpr size_t kMaxThreads = 1024;
// Followers that stay for the next burst; the others end.
constexpr size_t kMaxIdle = 8;

}  // namespace

Crew::~Crew() {
  std::unique_lock lock(mutex_);
  ended_condition_.wait(lock, [this] { return threads_ == 0; });
}

bool Crew::Start() {
  const std::lock_guard lock(mutex_);
  return Spawn();
}

void Crew::WaitForEnd() {
  std::unique_lock lock(mutex_);
  ended_condition_.wait(lock, [this] { return ended_; });
}

bool Crew::Spawn() {
  if (threads_ >= kMaxThreads || !StartThread(RunThread, this)) {
    return false;
  }
  ++threads_;
  return true;
}

void Crew::RunThread(void* crew) { static_cast<Crew*>(crew)->Run(); }

void Crew::Run() {
  Member member(*this);
  std::unique_lock lock(mutex_);
  while (!ended_) {
    if (has_leader_) {
      if (idle_ >= kMaxIdle) {
        break;
      }
      ++idle_;
      changed_.wait(lock, [this] { return !has_leader_ || ended_; });
      --idle_;
      continue;
    }
    has_leader_ = true;
    member.leading_ = true;
    lock.unlock();
    Lead(member);
    lock.lock();
  }
  --threads_;
  // Under the lock: the crew may be gone as soon as it is released.
  ended_condition_.notify_all();
}

void Crew::Lead(Member& member) {
  while (member.leading_) {
    pollfd watched{listener_, POLLIN, 0};
    const int ready = sys::Poll(&watched, 1, -1);
    if (ready < 0) {
      continue;
    }
    seccomp_notif notification;
    if ((watched.revents & POLLIN) != 0) {
      // ENOENT: its thread was interrupted or killed before it got here.
      if (notifier_.Receive(&notification) == 0) {
        work_.Serve(notification, member);
      }
      continue;
    }
    if ((watched.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0) {
      const std::lock_guard lock(mutex_);
      member.leading_ = false;
      has_leader_ = false;
      ended_ = true;
      changed_.notify_all();
      ended_condition_.notify_all();
    }
  }
}

bool Crew::HandOver(Member& member) {
  if (!member.leading_) {
    return true;
  }
  {
    const std::lock_guard lock(mutex_);
    if (idle_ == 0 && !Spawn()) {
      return false;
    }
    member.leading_ = false;
    has_leader_ = false;
  }
  changed_.notify_one();
  return true;
}

}  // namespace supervisor
