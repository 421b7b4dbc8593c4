#include "relay/ssh_masters.h"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "base/clock.h"

namespace relay {
namespace {

// A master that turns out to be dead is replaced once for a connection.
constexpr int kMasters = 2;

}  // namespace

bool SshMasters::Open(const Way& way, const std::function<SshSettings()>& settings,
                      const base::Endpoint& target, const Patience& patience, const Times& times,
                      Connection* out, HopFailure* failed) {
  *failed = {static_cast<uint8_t>(way.size() - 1), {}};
  for (int i = 0; i < kMasters; ++i) {
    std::shared_ptr<SshMaster> master = Get(way, settings);
    switch (patience.Wait(master->settled_fd(), POLLIN, times.start_deadline_ms)) {
      case Patience::Waited::kGone:
        return false;
      case Patience::Waited::kTimedOut:
        failed->failure.cause = base::Cause::kTimedOut;
        return false;
      case Patience::Waited::kReady:
        break;
    }
    if (master->HasFailed(failed)) {
      Drop(way, master);
      return false;
    }
    const int64_t start_us = base::NowUs();
    const int64_t deadline_ms = std::min(start_us / 1000 + times.open_ms, times.limit_ms);
    switch (master->Open(target, patience, deadline_ms, &out->channel, failed)) {
      case SshMaster::Opened::kYes:
        out->master = std::move(master);
        out->open_us = static_cast<uint32_t>(std::max<int64_t>(base::NowUs() - start_us, 1));
        return true;
      case SshMaster::Opened::kFailed:
        return false;
      case SshMaster::Opened::kMasterGone:
        Drop(way, master);
        break;
    }
  }
  failed->failure.cause = base::Cause::kClosedEarly;
  failed->failure.set_detail("ssh ended");
  return false;
}

std::shared_ptr<SshMaster> SshMasters::Get(const Way& way,
                                           const std::function<SshSettings()>& settings) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<SshMaster>& master = masters_[way];
  if (master == nullptr || master->has_ended()) {
    // What it holds isn't kept for somebody who may never come.
    master = SshMaster::Start(settings(), [this, way] { DropEnded(way); });
  }
  return master;
}

void SshMasters::Drop(const Way& way, const std::shared_ptr<SshMaster>& master) {
  const std::lock_guard lock(mutex_);
  const auto found = masters_.find(way);
  if (found != masters_.end() && found->second == master) {
    masters_.erase(found);
  }
}

void SshMasters::DropEnded(const Way& way) {
  std::shared_ptr<SshMaster> dropped;  // after the lock
  const std::lock_guard lock(mutex_);
  const auto found = masters_.find(way);
  if (found != masters_.end() && found->second->has_ended()) {
    dropped = std::move(found->second);
    masters_.erase(found);
  }
}

void SshMasters::StopAll() {
  std::map<Way, std::shared_ptr<SshMaster>> ending;
  {
    const std::lock_guard lock(mutex_);
    ending.swap(masters_);
  }
  for (const auto& [way, master] : ending) {
    master->Stop();
  }
}

}  // namespace relay
