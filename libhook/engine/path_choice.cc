#include "engine/path_choice.h"

#include <sys/syscall.h>

#include <algorithm>

#include "base/clock.h"
#include "base/syscalls.h"
#include "base/text.h"
#include "engine/event_log.h"

namespace engine {
namespace {

using Kind = chain::Fault::Kind;
using Sight = chain::HealthTable::Sight;

// With less time left than this no path is worth a try, and a hop that was given so little isn't
// dead for having been slower.
constexpr int64_t kLeastMs = 200;

bool HasChoice(const config::Config& config, config::Route route) {
  return route.kind == config::RouteKind::kChain && config.HopCount(route) > 1 &&
         config.chains()[route.index].mode != config::ChainMode::kStrict;
}

uint64_t RandomWord() {
  uint64_t word = 0;
  if (sys::Call(SYS_getrandom, reinterpret_cast<long>(&word), sizeof word) != sizeof word) {
    word = static_cast<uint64_t>(base::NowUs()) ^ static_cast<uint64_t>(sys::Gettid()) << 32;
  }
  return word;
}

bool IsIn(const chain::Path& path, uint16_t proxy) {
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] == proxy) {
      return true;
    }
  }
  return false;
}

// "30", "0.25"
void AppendSeconds(base::TextWriter& out, uint32_t ms) {
  out.AppendNumber(ms / 1000);
  uint32_t rest = ms % 1000;
  for (uint32_t unit = 100; rest > 0; rest %= unit, unit /= 10) {
    out.Append(unit == 100 ? "." : "").AppendNumber(rest / unit);
  }
}

}  // namespace

PathChoice::PathChoice(const Session& session, config::Route route, int64_t deadline_ms)
    : session_(session), route_(route), deadline_ms_(deadline_ms), limit_ms_(deadline_ms) {
  if (HasChoice(session.config(), route)) {
    selector_.emplace(session.config(), route, session.health(), RandomWord());
  }
}

PathChoice::~PathChoice() {
  if (selector_) {
    selector_->Finish();
  }
}

bool PathChoice::Next(chain::Path* out) {
  if (!selector_) {
    const bool first = !begun_;
    begun_ = true;
    if (first) {
      *out = chain::Path::Whole(session_.config(), route_);
    }
    return first;
  }
  chain::Path next;
  const int64_t now_ms = base::NowMs();
  if ((begun_ && now_ms + kLeastMs >= deadline_ms_) || !selector_->Next(now_ms, &next)) {
    return false;
  }
  begun_ = true;
  path_ = next;
  *out = next;
  limit_ms_ = deadline_ms_;
  for (size_t i = 0; i < next.size(); ++i) {
    if (WasSilent(next[i])) {
      const int64_t timeout_ms = session_.config().globals().connect_timeout_ms;
      limit_ms_ = std::min(deadline_ms_, now_ms + std::max(timeout_ms / 4, kLeastMs));
    }
  }
  return true;
}

bool PathChoice::WasSilent(uint16_t proxy) const {
  const auto suspects = std::span(suspects_).first(suspect_count_);
  return std::any_of(suspects.begin(), suspects.end(), [&](const Suspect& suspect) {
    return suspect.silent == proxy && suspect.cause == base::Cause::kTimedOut;
  });
}

bool PathChoice::IsLost() {
  const int64_t now_ms = base::NowMs();
  for (size_t i = 0; i < path_.size(); ++i) {
    const Sight now = session_.health().See(path_[i]);
    if (now != selector_->Seen(path_[i]) && now_ms < session_.health().BackMs(now) &&
        selector_->HasOther()) {
      lost_ = path_[i];
      return true;
    }
  }
  return false;
}

bool PathChoice::GoesOnAfter(const base::Failure& failure) {
  if (!selector_) {
    return false;
  }
  if (lost_) {
    selector_->Exclude(*lost_);
    Explain(*lost_);
    lost_.reset();
    return true;
  }
  if (base::NowMs() + kLeastMs >= deadline_ms_) {
    return false;
  }
  const chain::Fault fault = chain::FaultOf(failure, path_.size());
  if (fault.kind == Kind::kNone) {
    return false;
  }
  // Who has brought the dial so far, or said what is wrong behind it, works.
  const bool says =
      fault.kind == Kind::kTarget || (fault.kind == Kind::kHop && fault.hop > failure.hop);
  if (fault.kind != Kind::kUnclear) {
    for (size_t i = 0; i < size_t{failure.hop} + (says ? 1 : 0); ++i) {
      Clear(path_[i]);
    }
  }
  if (fault.kind == Kind::kTarget) {
    return false;
  }
  if (selector_->is_last_resort() && failure.cause == base::Cause::kTimedOut) {
    selector_->EndLastResort();
  }
  const bool in_haste = is_in_haste() && failure.cause == base::Cause::kTimedOut && !says;
  if (fault.kind == Kind::kUnclear || in_haste) {
    Suspected(failure);
    return true;
  }
  const config::Config& config = session_.config();
  const uint16_t proxy = path_[fault.hop];
  Blame(proxy, selector_->Seen(proxy), failure,
        says ? config.text(path_.At(config, failure.hop).name) : std::string_view());
  selector_->Exclude(proxy);
  Explain(proxy);
  return true;
}

void PathChoice::Connected(uint32_t connect_us) {
  if (connect_us != 0 && selector_ &&
      session_.config().chains()[route_.index].mode == config::ChainMode::kFastest) {
    chain::HealthTable health = session_.health();
    health.SetConnectUs(path_[0], connect_us, base::NowMs());
  }
}

void PathChoice::Up() {
  if (!selector_) {
    return;
  }
  for (size_t i = 0; i < path_.size(); ++i) {
    Clear(path_[i]);
  }
  // The target can be reached, so it was they.
  for (const Suspect& suspect : std::span(suspects_).first(suspect_count_)) {
    if (!IsIn(path_, suspect.proxy)) {
      Blame(suspect.proxy, suspect.seen, {.cause = suspect.cause}, {});
    }
  }
}

// Silent with a hop behind it that it was asked for: that one first. Silent again without that one:
// itself, and that one may be as good as any.
void PathChoice::Suspected(const base::Failure& failure) {
  const uint16_t silent = path_[failure.hop];
  bool again = false;
  for (size_t i = 0; i < suspect_count_; ++i) {
    again = again || suspects_[i].silent == silent;
  }
  const bool asked = failure.speaker == base::Failure::Speaker::kNobody;
  const bool is_last = size_t{failure.hop} + 1 == path_.size();
  const size_t at = size_t{failure.hop} + (again || is_last || !asked ? 0 : 1);
  if (again) {
    Absolve(silent);
  }
  selector_->Exclude(path_[at]);
  if (suspect_count_ < suspects_.size()) {
    Suspect& suspect = suspects_[suspect_count_++];
    suspect = {path_[at], silent, selector_->Seen(path_[at]), failure.cause, {}, is_in_haste()};
    for (size_t i = 0; i < at; ++i) {
      suspect.carriers.Add(path_[i]);
    }
  }
}

void PathChoice::Absolve(uint16_t silent) {
  size_t kept = 0;
  for (size_t i = 0; i < suspect_count_; ++i) {
    if (suspects_[i].silent == silent && suspects_[i].proxy != silent) {
      selector_->Allow(suspects_[i].proxy);
    } else {
      suspects_[kept++] = suspects_[i];
    }
  }
  suspect_count_ = kept;
}

// What came to suspects by the hop that is dead says nothing against them, and those that had
// little time may have more now that another one is found out.
void PathChoice::Explain(uint16_t dead) {
  size_t kept = 0;
  for (size_t i = 0; i < suspect_count_; ++i) {
    if (suspects_[i].in_haste || IsIn(suspects_[i].carriers, dead)) {
      selector_->Allow(suspects_[i].proxy);
    } else {
      suspects_[kept++] = suspects_[i];
    }
  }
  suspect_count_ = kept;
}

void PathChoice::Blame(uint16_t proxy, Sight seen, const base::Failure& failure,
                       std::string_view says) {
  chain::HealthTable health = session_.health();
  if (health.Failed(proxy, seen, base::NowMs())) {
    Say(proxy, failure, says);
  }
}

void PathChoice::Clear(uint16_t proxy) {
  chain::HealthTable health = session_.health();
  if (health.Works(proxy, selector_->Seen(proxy))) {
    std::array<char, 512> buffer;
    base::TextWriter text(buffer);
    text.Append("hop ").Append(session_.config().text(session_.config().proxies()[proxy].name));
    text.Append(" is up again");
    EventLog(session_.settings(), &session_.config()).Say(LogLevel::kInfo, text.view());
  }
}

void PathChoice::Say(uint16_t proxy, const base::Failure& failure, std::string_view says) const {
  const config::Config& config = session_.config();
  const chain::HealthTable& health = session_.health();
  const Sight now = health.See(proxy);
  const EventLog log(session_.settings(), &config);
  // Once for each death.
  const LogLevel level = health.Failures(now) <= 1 ? LogLevel::kWarn : LogLevel::kInfo;
  if (!log.enabled(level)) {
    return;
  }
  std::array<char, 1024> buffer;
  base::TextWriter text(buffer);
  text.Append("hop ");
  AppendHop(text, config, config.proxies()[proxy]);
  text.Append(health.Failures(now) <= 1 ? " is down: " : " is still down: ");
  base::Failure why = failure;
  why.speaker = base::Failure::Speaker::kHop;
  std::array<char, 512> words;
  text.Append(Describe(why, {}, words));
  if (!says.empty()) {
    text.Append(", says ").Append(says);
  }
  text.Append("; left out for ");
  AppendSeconds(text, health.LeftOutMs(now));
  text.Append(" s");
  log.Say(level, text.view());
}

}  // namespace engine
