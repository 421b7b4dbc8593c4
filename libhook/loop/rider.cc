#include "loop/rider.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>

#include "base/clock.h"
#include "base/syscalls.h"
#include "loop/epoll_registrations.h"

namespace loop {
namespace {

using Want = engine::Attempt::Want;
using Waited = engine::Surroundings::Waited;

uint64_t Inode(int fd) {
  struct stat status;
  return sys::Fstat(fd, &status) == 0 ? status.st_ino : 0;
}

long Control(int operation, int set, int fd, const epoll_event& event) {
  epoll_event copy = event;
  return sys::Call(SYS_epoll_ctl, set, operation, fd, reinterpret_cast<long>(&copy));
}

}  // namespace

Rider::Rider(const Ticket& ticket)
    : session_(ticket.session),
      host_(ticket.host),
      expires_ms_(base::NowMs() + ticket.session.config().globals().chain_timeout_ms),
      attempt_(ticket.session, engine::Door::kPreload, ticket.program, ticket.host, ticket.plan,
               ticket.fd, ticket.domain) {
  AddDescriptor(ticket.fd);
}

void Rider::Begin() {
  attempt_.Begin();
  Conclude(base::NowMs());
}

bool Rider::IsSameFile() {
  struct stat status;
  return sys::Fstat(attempt_.fd(), &status) == 0 && status.st_ino == inode_;
}

void Rider::Drive(int64_t now_ms) {
  if (state_ == State::kForeign) {
    LookAtParent(now_ms);
  } else if (state_ == State::kDialling) {
    if (!IsSameFile()) {
      // Closed behind our back, by a raw call: what has the number now is none of ours.
      state_ = State::kFailed;
      error_ = EBADF;
      return;
    }
    if (attempt_.want() == Want::kRead || attempt_.want() == Want::kWrite) {
      attempt_.Waited(Waited::kReady);
    }
    Conclude(now_ms);
  }
}

// Connects where the attempt wants that, sees to its time, and notes where it has come to.
void Rider::Conclude(int64_t now_ms) {
  for (;;) {
    const Want want = attempt_.want();
    if (want == Want::kNothing) {
      break;
    }
    engine::Doubt* const doubt = attempt_.doubt();
    const bool is_lost = doubt != nullptr && doubt->IsLost();
    const bool is_late = now_ms >= attempt_.deadline_ms();
    if (want == Want::kConnect) {
      // While it is under way it says EALREADY, and then how it ended.
      const int result = sys::PassingConnect(attempt_.fd(), attempt_.address(),
                                             attempt_.address_length(), session_.settings().cookie);
      const bool goes_on = result == -EINPROGRESS || result == -EALREADY;
      if (goes_on && !is_lost && !is_late) {
        break;
      }
      attempt_.Connected(!goes_on ? result : is_lost ? -ECONNABORTED : -ETIMEDOUT);
    } else if (is_lost || is_late) {
      attempt_.Waited(is_lost ? Waited::kLost : Waited::kTimedOut);
    } else {
      break;
    }
  }
  if (inode_ == 0 || attempt_.replacements() != replacements_) {
    replacements_ = attempt_.replacements();
    inode_ = Inode(attempt_.fd());
  }
  if (attempt_.want() != Want::kNothing) {
    return;
  }
  error_ = -attempt_.result();
  state_ = error_ == 0 ? State::kUp : State::kFailed;
  if (error_ == 0) {
    host_.Landed(attempt_.fd());
  }
}

short Rider::wanted_events() const {
  return state_ == State::kForeign ? short{0} : attempt_.want() == Want::kRead ? POLLIN : POLLOUT;
}

int64_t Rider::wake_ms(int64_t now_ms) {
  // A parent's dial is looked at from time to time: nothing tells of its end.
  constexpr int64_t kForeignEveryMs = 20;
  if (state_ == State::kForeign) {
    return now_ms + kForeignEveryMs;
  }
  return attempt_.doubt() != nullptr
             ? std::min(attempt_.deadline_ms(), now_ms + engine::Doubt::kEveryMs)
             : attempt_.deadline_ms();
}

// The parent notes the peer of a socket when its dial is up. One that it gave up is unconnected,
// and one that it left half way, by its own end, must not go on as a connection.
void Rider::LookAtParent(int64_t now_ms) {
  sockaddr_storage storage;
  socklen_t length = sizeof storage;
  const uint64_t cookie = session_.settings().cookie;
  const int fd = attempt_.fd();
  if (sys::PassingGetpeername(fd, reinterpret_cast<sockaddr*>(&storage), &length, cookie) == 0) {
    const auto actual =
        base::Endpoint::FromSockaddr(reinterpret_cast<const sockaddr*>(&storage), length);
    if (actual && session_.peers().Find(inode_, *actual)) {
      state_ = State::kUp;
      return;
    }
  }
  if (now_ms >= expires_ms_ || !IsSameFile()) {
    engine::Disconnect(fd, cookie);
    state_ = State::kFailed;
    error_ = ETIMEDOUT;
  }
}

void Rider::Abandon() {
  engine::Disconnect(attempt_.fd(), session_.settings().cookie);
  state_ = State::kFailed;
}

void Rider::AddDescriptor(int fd) {
  if (fd_count_ < fds_.size()) {
    fds_[fd_count_++] = fd;
  }
}

bool Rider::RemoveDescriptor(int fd) {
  const auto end = fds_.begin() + static_cast<std::ptrdiff_t>(fd_count_);
  const auto found = std::find(fds_.begin(), end, fd);
  if (found != end) {
    *found = fds_[--fd_count_];
  }
  for (size_t i = kept_count_; i-- > 0;) {
    if (kept_[i].fd == fd) {
      Drop(&kept_[i]);
    }
  }
  if (fd_count_ > 0 && attempt_.fd() == fd) {
    attempt_.set_fd(fds_[0]);
  }
  return fd_count_ > 0;
}

bool Rider::TakeOut(int fd) {
  const Descriptor* const descriptor = FindDescriptor(fd);
  if (descriptor == nullptr) {
    return true;
  }
  EpollRegistrations listed;
  bool is_listed = descriptor->has_more();
  for (size_t i = 0; i < Descriptor::kMaxSets && !is_listed; ++i) {
    // One that has had its shot is switched off, which only the kernel knows.
    is_listed = descriptor->At(i).set >= 0 && (descriptor->At(i).event.events & EPOLLONESHOT) != 0;
  }
  if (is_listed) {
    listed.Collect(fd);
  }
  const size_t count = is_listed ? listed.size() : Descriptor::kMaxSets;
  for (size_t i = 0; i < count; ++i) {
    const Entry entry = is_listed ? listed.At(i) : descriptor->At(i);
    if (entry.set >= 0 && Control(EPOLL_CTL_DEL, entry.set, fd, entry.event) == 0 &&
        !Keep(fd, entry)) {
      Control(EPOLL_CTL_ADD, entry.set, fd, entry.event);
      return false;
    }
  }
  return true;
}

void Rider::PutBack() {
  for (const Kept& kept : kept()) {
    Control(EPOLL_CTL_ADD, kept.entry.set, kept.fd, kept.entry.event);
  }
  kept_count_ = 0;
}

Rider::Kept* Rider::FindKept(int set, int fd) {
  for (Kept& kept : kept()) {
    if (kept.entry.set == set && kept.fd == fd) {
      return &kept;
    }
  }
  return nullptr;
}

bool Rider::Keep(int fd, const Entry& entry) {
  if (kept_count_ == kept_.size()) {
    return false;
  }
  kept_[kept_count_++] = {fd, entry};
  return true;
}

void Rider::Drop(Kept* kept) { *kept = kept_[--kept_count_]; }

}  // namespace loop
