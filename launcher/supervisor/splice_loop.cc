#include "supervisor/splice_loop.h"

#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/clock.h"
#include "base/syscalls.h"
#include "supervisor/socket_holder.h"
#include "supervisor/thread.h"

namespace supervisor {
namespace {

constexpr int kEvents = 128;
// A socket that is closed has its FIN on the way before nobody holds it.
constexpr int64_t kFirstLookMs = 1;
constexpr int64_t kLastLookMs = 2048;

// What an event is about: a splice and its end, in the pointer's lowest bit, or one of these.
constexpr uint64_t kWake = 0;
constexpr uint64_t kWatched = 2;

uint64_t TagOf(Splice* splice, Splice::End end) {
  static_assert(alignof(Splice) > 2);
  return reinterpret_cast<uint64_t>(splice) | static_cast<uint64_t>(end);
}

bool AddTo(int epoll, int fd, uint32_t events, uint64_t tag) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = tag;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

}  // namespace

SpliceLoop::~SpliceLoop() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  if (running_) {
    Wake();
    ended_.wait(lock, [this] { return !running_; });
  }
  for (Splice* const splice : splices_) {
    delete splice;
  }
}

bool SpliceLoop::Start() {
  epoll_.Reset(epoll_create1(EPOLL_CLOEXEC));
  wake_.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!epoll_ || !wake_ || !AddTo(epoll_.get(), wake_.get(), EPOLLIN, kWake)) {
    return false;
  }
  const std::lock_guard lock(mutex_);
  running_ = StartThread(RunThread, this);
  return running_;
}

void SpliceLoop::Watch(int fd, Watcher& watcher) {
  const std::lock_guard lock(mutex_);
  watcher_ = &watcher;
  AddTo(epoll_.get(), fd, EPOLLIN | EPOLLET, kWatched);
}

void SpliceLoop::Add(base::Fd program, base::Fd far, Splice::Opening opening) {
  const std::lock_guard lock(mutex_);
  ++size_;
  inbox_.push_back({std::move(program), std::move(far), std::move(opening)});
  if (inbox_.size() == 1) {
    Wake();
  }
}

size_t SpliceLoop::size() {
  const std::lock_guard lock(mutex_);
  return size_;
}

void SpliceLoop::Wake() {
  const uint64_t one = 1;
  sys::Write(wake_.get(), &one, sizeof one);
}

void SpliceLoop::RunThread(void* loop) { static_cast<SpliceLoop*>(loop)->Run(); }

void SpliceLoop::Run() {
  std::array<epoll_event, kEvents> events;
  for (;;) {
    const int count = epoll_wait(epoll_.get(), events.data(), kEvents, Patience());
    const std::vector<Splice*> again = std::exchange(queue_, {});
    for (int i = 0; i < count; ++i) {
      Serve(events[static_cast<size_t>(i)]);
    }
    for (Splice* const splice : again) {
      splice->queued = false;
      if (splices_.contains(splice)) {
        Move(splice);
      }
    }
    if (!half_closed_.empty() && base::NowMs() >= look_at_ms_) {
      LookAtHalfClosed();
    }
    over_.clear();
    const std::lock_guard lock(mutex_);
    size_ = splices_.size() + inbox_.size();
    if (stopping_) {
      running_ = false;
      // Under the lock: the loop may be gone as soon as it is released.
      ended_.notify_all();
      return;
    }
  }
}

// How long the next epoll_wait(2) may take.
int SpliceLoop::Patience() const {
  if (!queue_.empty()) {
    return 0;
  }
  return half_closed_.empty() ? -1
                              : static_cast<int>(std::max<int64_t>(look_at_ms_ - base::NowMs(), 0));
}

void SpliceLoop::Serve(const epoll_event& event) {
  switch (event.data.u64) {
    case kWake:
      TakeIn();
      return;
    case kWatched:
      watcher_->Readable();
      return;
    default:
      break;
  }
  const auto end = static_cast<Splice::End>(event.data.u64 & 1);
  auto* const splice = reinterpret_cast<Splice*>(event.data.u64 & ~uint64_t{1});
  if (!splices_.contains(splice)) {
    return;  // it ended by an event of the same batch
  }
  splice->Ready(end, event.events);
  Move(splice);
}

void SpliceLoop::TakeIn() {
  uint64_t times;
  sys::Read(wake_.get(), &times, sizeof times);
  std::vector<Ends> arrived;
  {
    const std::lock_guard lock(mutex_);
    arrived.swap(inbox_);
  }
  for (Ends& ends : arrived) {
    Enter(std::move(ends));
  }
}

void SpliceLoop::Enter(Ends ends) {
  constexpr uint32_t kAll = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  auto splice = std::make_unique<Splice>(std::move(ends.program), std::move(ends.far), pipes_,
                                         std::move(ends.opening));
  for (const Splice::End end : {Splice::End::kProgram, Splice::End::kFar}) {
    if (!AddTo(epoll_.get(), splice->fd(end), kAll, TagOf(splice.get(), end))) {
      return;  // the user's share of watches is used up: cut
    }
  }
  // The first events, which say what there is, are on their way.
  splices_.insert(splice.release());
}

void SpliceLoop::Move(Splice* splice) {
  switch (splice->Move()) {
    case Splice::Moved::kMore:
      if (!std::exchange(splice->queued, true)) {
        queue_.push_back(splice);
      }
      break;
    case Splice::Moved::kWaits:
      if (splice->IsHalfClosed() && half_closed_.insert(splice).second) {
        look_every_ms_ = kFirstLookMs;
        look_at_ms_ = base::NowMs() + look_every_ms_;
      }
      break;
    case Splice::Moved::kOver:
      Bury(splice);
      break;
  }
}

// Asked later each time: most are closed soon after their last word, if at all.
void SpliceLoop::LookAtHalfClosed() {
  const std::vector<Splice*> all(half_closed_.begin(), half_closed_.end());
  for (Splice* const splice : all) {
    if (HolderOfPeer(splice->fd(Splice::End::kProgram)) == Holder::kNobody) {
      splice->LetGo();
      Move(splice);
    }
  }
  look_every_ms_ = std::min(look_every_ms_ * 2, kLastLookMs);
  look_at_ms_ = base::NowMs() + look_every_ms_;
}

void SpliceLoop::Bury(Splice* splice) {
  splices_.erase(splice);
  half_closed_.erase(splice);
  over_.emplace_back(splice);
}

}  // namespace supervisor
