#include "listener/clients.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/syscalls.h"
#include "supervisor/thread.h"

namespace listener {
namespace {

constexpr int kEvents = 64;
constexpr int64_t kLookEveryMs = 500;
// Until a connection may have ended and left its descriptors.
constexpr int64_t kBreathMs = 20;

bool Watch(int epoll, int operation, int fd, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  return epoll_ctl(epoll, operation, fd, &event) == 0;
}

bool SendAll(int fd, const std::string& bytes) {
  // Little, and the first on this connection: there is room for it.
  return sys::Send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) ==
         static_cast<long>(bytes.size());
}

}  // namespace

bool Clients::Start() {
  epoll_.Reset(epoll_create1(EPOLL_CLOEXEC));
  wake_.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!epoll_ || !wake_ || !Watch(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), EPOLLIN) ||
      !Watch(epoll_.get(), EPOLL_CTL_ADD, socket_.get(), EPOLLIN)) {
    return false;
  }
  const std::lock_guard lock(mutex_);
  running_ = supervisor::StartThread(RunThread, this);
  return running_;
}

void Clients::Stop() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  if (running_) {
    Wake();
    ended_.wait(lock, [this] { return !running_; });
  }
  dismissed_.clear();
}

void Clients::Dismiss(base::Fd client) {
  const std::lock_guard lock(mutex_);
  if (running_ && !stopping_) {
    dismissed_.push_back(std::move(client));
    Wake();
  }
}

void Clients::Wake() {
  const uint64_t one = 1;
  sys::Write(wake_.get(), &one, sizeof one);
}

void Clients::Run() {
  std::array<epoll_event, kEvents> events;
  for (;;) {
    const int count = epoll_wait(epoll_.get(), events.data(), kEvents, Patient());
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<size_t>(i)].data.fd;
      if (fd == wake_.get()) {
        TakeDismissed();
      } else if (fd == socket_.get()) {
        Accept();
      } else {
        Serve(fd);
      }
    }
    const int64_t now_ms = base::NowMs();
    if (accept_at_ms_ != 0 && now_ms >= accept_at_ms_) {
      accept_at_ms_ = 0;
      Watch(epoll_.get(), EPOLL_CTL_MOD, socket_.get(), EPOLLIN);
    }
    if (!clients_.empty() && now_ms >= look_at_ms_) {
      EndPatience();
    }
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      clients_.clear();
      socket_.Reset();
      running_ = false;
      // Under the lock: all may be gone as soon as it is released.
      ended_.notify_all();
      return;
    }
  }
}

// How long the next epoll_wait(2) may take.
int Clients::Patient() const {
  const int64_t at_ms = std::min(clients_.empty() ? INT64_MAX : look_at_ms_,
                                 accept_at_ms_ == 0 ? INT64_MAX : accept_at_ms_);
  return at_ms == INT64_MAX ? -1 : static_cast<int>(std::max<int64_t>(at_ms - base::NowMs(), 0));
}

void Clients::PauseAccepting(int64_t for_ms) {
  accept_at_ms_ = base::NowMs() + for_ms;
  Watch(epoll_.get(), EPOLL_CTL_MOD, socket_.get(), 0);
}

void Clients::Accept() {
  for (;;) {
    if (!taker_.HasRoom(clients_.size())) {
      PauseAccepting(kBreathMs);
      return;
    }
    base::Fd client(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!client) {
      if (errno == EINTR || errno == ECONNABORTED) {
        continue;
      }
      if (errno != EAGAIN) {
        PauseAccepting(kBreathMs);
      }
      return;
    }
    if (taker_.Admits(client.get())) {
      Enter(std::move(client), false);
    }
  }
}

void Clients::TakeDismissed() {
  uint64_t times;
  sys::Read(wake_.get(), &times, sizeof times);
  std::vector<base::Fd> dismissed;
  {
    const std::lock_guard lock(mutex_);
    dismissed.swap(dismissed_);
  }
  for (base::Fd& client : dismissed) {
    Enter(std::move(client), true);
  }
}

void Clients::Enter(base::Fd fd, bool leaves) {
  auto client = std::make_unique<Client>();
  const int number = fd.get();
  if (!Watch(epoll_.get(), EPOLL_CTL_ADD, number, EPOLLIN)) {
    return;  // the user's share of watches is used up
  }
  if (clients_.empty()) {
    look_at_ms_ = base::NowMs() + kLookEveryMs;
  }
  client->fd = std::move(fd);
  client->leaves = leaves;
  client->until_ms = base::NowMs() + (leaves ? patience_.leave_ms : patience_.request_ms);
  if (leaves) {
    sys::Call(SYS_shutdown, number, SHUT_WR);
  }
  clients_[number] = std::move(client);
}

void Clients::Serve(int fd) {
  const auto found = clients_.find(fd);
  if (found == clients_.end()) {
    return;  // it ended by an event of the same batch
  }
  Client& client = *found->second;
  if (client.leaves ? Discard(client) : Hear(client)) {
    return;
  }
  clients_.erase(found);
}

// False: it is none of ours any more.
bool Clients::Hear(Client& client) {
  std::array<uint8_t, 4096> buffer;
  std::string answer;
  Handshake& handshake = client.handshake;
  while (handshake.state() == Handshake::State::kReading) {
    // Looked at first: what follows the request isn't to be taken.
    const long there =
        sys::Recv(client.fd.get(), buffer.data(), buffer.size(), MSG_PEEK | MSG_DONTWAIT);
    if (there == -EAGAIN || there == -EINTR) {
      break;
    }
    if (there <= 0) {
      return false;
    }
    const size_t taken =
        handshake.Take(std::span(buffer).first(static_cast<size_t>(there)), &answer);
    sys::Recv(client.fd.get(), buffer.data(), taken, MSG_DONTWAIT);
  }
  if (!answer.empty() && !SendAll(client.fd.get(), answer)) {
    return false;
  }
  switch (handshake.state()) {
    case Handshake::State::kReading:
      return true;
    case Handshake::State::kRequested:
      Watch(epoll_.get(), EPOLL_CTL_DEL, client.fd.get(), 0);
      taker_.Requested(std::move(client.fd), std::move(handshake.request()));
      return false;
    case Handshake::State::kRefused:
      break;
  }
  client.leaves = true;
  client.until_ms = base::NowMs() + patience_.leave_ms;
  sys::Call(SYS_shutdown, client.fd.get(), SHUT_WR);
  return Discard(client);
}

// The kernel resets a connection that is closed with something unread, and the answer may be lost.
bool Clients::Discard(Client& client) {
  constexpr size_t kPiece = 1 << 20;
  const long got = sys::Recv(client.fd.get(), nullptr, kPiece, MSG_TRUNC | MSG_DONTWAIT);
  return got > 0 || got == -EAGAIN || got == -EINTR;
}

void Clients::EndPatience() {
  const int64_t now_ms = base::NowMs();
  look_at_ms_ = now_ms + kLookEveryMs;
  const bool is_crowded = !taker_.HasRoom(clients_.size());
  const int64_t less_ms =
      is_crowded ? std::max<int64_t>(patience_.request_ms - patience_.crowded_ms, 0) : 0;
  std::erase_if(clients_, [&](const auto& entry) {
    const Client& client = *entry.second;
    return now_ms >= client.until_ms - (client.leaves ? 0 : less_ms);
  });
}

}  // namespace listener
