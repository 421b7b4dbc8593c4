#include "relay/ssh_master.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "base/clock.h"

namespace relay {
namespace {

// A living master answers within one turn of its loop.
constexpr int64_t kAnswerMs = 2000;

void Signal(int eventfd) {
  const uint64_t one = 1;
  (void)sys::Write(eventfd, &one, sizeof one);
}

}  // namespace

std::shared_ptr<SshMaster> SshMaster::Start(SshSettings settings, std::function<void()> ended) {
  return std::shared_ptr<SshMaster>(new SshMaster(std::move(settings), std::move(ended)));
}

SshMaster::SshMaster(SshSettings settings, std::function<void()> ended)
    : settings_(std::move(settings)),
      ended_(std::move(ended)),
      settled_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      stop_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      log_(settings_.target.host) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const auto run = [](void* self) -> void* {
    static_cast<SshMaster*>(self)->Run();
    return nullptr;
  };
  const int error = settled_ && stop_ ? pthread_create(&thread_, nullptr, run, this) : EMFILE;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  has_thread_ = error == 0;
  if (!has_thread_) {
    failure_ = {settings_.hop,
                {.cause = base::Cause::kLocal, .code = static_cast<uint16_t>(error)}};
    Settle(State::kFailed);
  }
}

SshMaster::~SshMaster() {
  Stop();
  if (!has_thread_) {
    return;
  }
  if (pthread_equal(thread_, pthread_self()) != 0) {
    pthread_detach(thread_);
  } else {
    pthread_join(thread_, nullptr);
  }
}

void SshMaster::Stop() { Signal(stop_.get()); }

void SshMaster::Settle(State state) {
  state_ = state;
  Signal(settled_.get());
}

void SshMaster::Run() {
  Keep();
  const std::function<void()> ended = std::move(ended_);
  if (ended) {
    ended();  // this may be gone now
  }
}

void SshMaster::Keep() {
  SshKeeper keeper(settings_, stop_.get(), &log_, &folder_);
  if (!keeper.Begin(&failure_)) {
    folder_.Remove();
    Settle(State::kFailed);
    return;
  }
  Settle(State::kUp);
  keeper.Keep();
  state_ = State::kEnded;
}

bool SshMaster::HasFailed(HopFailure* out) const {
  if (state_ != State::kFailed) {
    return false;
  }
  *out = failure_;
  return true;
}

SshMaster::Opened SshMaster::Open(const base::Endpoint& target, const Patience& patience,
                                  int64_t deadline_ms, SshChannel* out, HopFailure* failed) {
  failed->hop = settings_.hop;
  failed->failure = {};
  std::string reason;
  switch (OpenChannel(folder_.taken_path(), target, patience, deadline_ms, out, &reason)) {
    case MuxOutcome::kOpened:
      return Opened::kYes;
    case MuxOutcome::kMasterGone:
      return Opened::kMasterGone;
    case MuxOutcome::kProgramGone:
      break;
    case MuxOutcome::kTimedOut:
      failed->failure.cause = base::Cause::kTimedOut;
      // The far side may still be connecting.
      failed->failure.speaker = base::Failure::Speaker::kNobody;
      break;
    case MuxOutcome::kNotUnderstood:
      failed->failure.cause = base::Cause::kNotTheProtocol;
      failed->failure.set_detail("of ssh's control socket");
      break;
    case MuxOutcome::kRefused:
      if (!log_.ClaimChannelFailure(TargetText(target), base::NowMs(), &failed->failure)) {
        failed->failure.cause = base::Cause::kHostUnreachable;
        failed->failure.speaker = base::Failure::Speaker::kTarget;
        failed->failure.set_detail(reason);
      }
      break;
  }
  return Opened::kFailed;
}

bool SshMaster::Answers() const {
  return is_up() && MasterAnswers(folder_.taken_path(), base::NowMs() + kAnswerMs);
}

}  // namespace relay
