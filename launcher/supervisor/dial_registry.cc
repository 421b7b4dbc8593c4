#include "supervisor/dial_registry.h"

#include <poll.h>

#include <cerrno>
#include <chrono>

#include "base/clock.h"
#include "base/syscalls.h"

namespace supervisor {
namespace {

constexpr auto kLookInterval = std::chrono::milliseconds(50);
// A dial looks every 100 ms whether it was given up.
constexpr auto kEndTime = std::chrono::seconds(1);

bool IsReadable(int fd) {
  pollfd watched{fd, POLLIN, 0};
  return fd >= 0 && sys::Poll(&watched, 1, 0) > 0;
}

}  // namespace

DialRegistry::Entry DialRegistry::Enter(uint64_t inode, const base::Endpoint& asked, uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = by_inode_.find(inode);
  if (found != by_inode_.end()) {
    const Ticket ticket = found->second;
    const bool same_target = ticket->asked_ == asked;
    if (ticket->finished_ && !ticket->given_up_) {
      ticket->fetched_ = true;
      ticket->changed_.notify_all();
      by_inode_.erase(found);
      if (same_target) {
        return {Entered::kFinished, nullptr, ticket->result_};
      }
      if (ticket->result_ >= 0) {
        return {Entered::kFinished, nullptr, -EISCONN};
      }
    } else if (notifier_.IsAlive(ticket->id_)) {
      return {Entered::kBusy, nullptr, -EALREADY};
    } else if (!same_target || ticket->given_up_) {
      ticket->given_up_ = true;
      return {Entered::kEnding, ticket, 0};
    } else {
      ticket->id_ = id;
      ticket->missing_since_ms_ = 0;
      return {Entered::kAttached, nullptr, 0};
    }
  }
  auto ticket = std::make_shared<Running>(inode, asked, id);
  by_inode_.emplace(inode, ticket);
  return {Entered::kStarted, std::move(ticket), 0};
}

bool DialRegistry::AwaitEnd(const Ticket& ticket) {
  std::unique_lock lock(mutex_);
  return ticket->changed_.wait_for(lock, kEndTime, [&] { return !IsEntered(ticket); });
}

bool DialRegistry::IsWanted(const Ticket& ticket, int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  if (ticket->given_up_) {
    return false;
  }
  if (notifier_.IsAlive(ticket->id_)) {
    ticket->missing_since_ms_ = 0;
  } else if (ticket->missing_since_ms_ == 0) {
    ticket->missing_since_ms_ = now_ms;
  } else if (now_ms - ticket->missing_since_ms_ >= kReattachMs) {
    ticket->given_up_ = true;
  }
  return !ticket->given_up_;
}

uint64_t DialRegistry::CurrentId(const Ticket& ticket) {
  const std::lock_guard lock(mutex_);
  return ticket->id_;
}

void DialRegistry::Move(const Ticket& ticket, uint64_t inode) {
  const std::lock_guard lock(mutex_);
  Erase(ticket);
  ticket->inode_ = inode;
  by_inode_.emplace(inode, ticket);
}

void DialRegistry::GiveUp(uint64_t inode) {
  const std::lock_guard lock(mutex_);
  if (const auto found = by_inode_.find(inode); found != by_inode_.end()) {
    found->second->given_up_ = true;
  }
}

bool DialRegistry::Has(uint64_t inode) {
  const std::lock_guard lock(mutex_);
  return by_inode_.contains(inode);
}

bool DialRegistry::empty() {
  const std::lock_guard lock(mutex_);
  return by_inode_.empty();
}

bool DialRegistry::Answer(const Ticket& ticket, int64_t result) {
  const std::lock_guard lock(mutex_);
  seccomp_notif_resp answer{};
  answer.id = ticket->id_;
  answer.error = result < 0 ? static_cast<int32_t>(result) : 0;
  answer.val = result < 0 ? 0 : result;
  // Under the lock, so that no restarted call attaches in between.
  if (notifier_.Answer(answer) != -ENOENT) {
    Erase(ticket);
    return true;
  }
  ticket->finished_ = true;
  ticket->result_ = result;
  return false;
}

bool DialRegistry::AwaitFetch(const Ticket& ticket, int gone_fd) {
  std::unique_lock lock(mutex_);
  const int64_t until_ms = base::NowMs() + kKeepResultMs;
  while (!ticket->fetched_ && !ticket->given_up_ && base::NowMs() < until_ms &&
         !IsReadable(gone_fd)) {
    ticket->changed_.wait_for(lock, kLookInterval);
  }
  ticket->given_up_ = !ticket->fetched_;
  return ticket->fetched_;
}

void DialRegistry::Drop(const Ticket& ticket) {
  const std::lock_guard lock(mutex_);
  Erase(ticket);
}

bool DialRegistry::IsEntered(const Ticket& ticket) const {
  const auto found = by_inode_.find(ticket->inode_);
  return found != by_inode_.end() && found->second == ticket;
}

void DialRegistry::Erase(const Ticket& ticket) {
  if (IsEntered(ticket)) {
    by_inode_.erase(ticket->inode_);
    ticket->changed_.notify_all();
  }
}

}  // namespace supervisor
