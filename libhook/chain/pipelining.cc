#include "chain/pipelining.h"

#include <algorithm>

namespace chain {
namespace {

using config::Auth;
using config::ProxyType;
using protocol::Socks5Method;

// How long the second answer may take, beside what the first took: a busy proxy isn't a bad one.
constexpr int64_t kLeastMarginMs = 1000;
constexpr int64_t kMarginFactor = 8;

bool IsHttp(const config::Proxy& proxy) { return proxy.type == ProxyType::kHttp; }

bool HasCredentials(const config::Proxy& proxy) {
  return proxy.user.size > 0 || proxy.password.size > 0;
}

// What it is said depends on nothing that only its answers tell, or may do so.
bool CanBeInFlight(const config::Proxy& proxy) {
  return !config::NeedsRelay(proxy) && proxy.auth != Auth::kDigest && proxy.auth != Auth::kNtlm;
}

}  // namespace

bool Pipelining::Stands(size_t hop, Feat feat) const {
  switch (ProxyAt(hop).pipeline) {
    case config::Pipeline::kYes:
      return true;
    case config::Pipeline::kNo:
      return false;
    case config::Pipeline::kAuto:
      break;
  }
  if (table_ == nullptr) {
    return false;
  }
  const Answer answer = table_->Of(path_[hop]).of(feat);
  return answer == Answer::kYes || (is_trial_ && answer == Answer::kUnknown);
}

bool Pipelining::MaySayAll(size_t hop) const {
  if (is_off_ || !CanBeInFlight(ProxyAt(hop))) {
    return false;
  }
  return !IsSocks5(hop) ||
         (MethodOf(hop) != Socks5Method::kUnknown && Stands(hop, Feat::kOwnMessages));
}

bool Pipelining::MayBeFollowed(size_t hop) const {
  return !is_off_ && hop + 1 < path_.size() && Stands(hop, Feat::kPassesOn);
}

Socks5Method Pipelining::MethodOf(size_t hop) const {
  if (!HasCredentials(ProxyAt(hop))) {
    return Socks5Method::kNone;
  }
  return table_ != nullptr ? table_->Of(path_[hop]).method : Socks5Method::kUnknown;
}

void Pipelining::Sent(size_t first, size_t end, int64_t now_ms) {
  Reset();
  first_ = static_cast<uint8_t>(first);
  end_ = static_cast<uint8_t>(end);
  heard_ = first_;
  last_ms_ = now_ms;
  is_doubted_ = IsDoubted(now_ms);
}

// False where all that the flight rests on is the user's word, or was seen to hold lately.
bool Pipelining::IsDoubted(int64_t now_ms) const {
  for (size_t hop = first_; hop < end_; ++hop) {
    const bool counts = IsSocks5(hop) || hop + 1 < end_;
    if (counts && IsLearned(hop) && (is_trial_ || !table_->IsSure(path_[hop], now_ms))) {
      return true;
    }
  }
  return false;
}

void Pipelining::Heard(size_t hop, int64_t now_ms) {
  if (!IsInFlight(hop)) {
    return;
  }
  if (hop >= heard_) {
    heard_ = static_cast<uint8_t>(hop + 1);
    if (hop > first_) {
      Note(hop - 1, Feat::kPassesOn, true, now_ms);
    }
  }
  longest_ms_ = std::max(longest_ms_, now_ms - last_ms_);
  last_ms_ = now_ms;
  if (is_doubted_) {
    const auto half_ms = static_cast<int64_t>(config_->globals().connect_timeout_ms / 2);
    deadline_ms_ =
        now_ms + std::min(std::max(kLeastMarginMs, kMarginFactor * longest_ms_), half_ms);
  }
}

void Pipelining::Ended(size_t hop, const protocol::Handshake& handshake, int64_t now_ms) {
  const protocol::Socks5Client* const socks5 = handshake.socks5();
  if (socks5 != nullptr && table_ != nullptr && HasCredentials(ProxyAt(hop)) &&
      socks5->method() != Socks5Method::kUnknown) {
    table_->NoteMethod(path_[hop], socks5->method());
  }
  if (!handshake.answered()) {
    return;
  }
  if (IsInFlight(hop)) {
    if (socks5 != nullptr) {
      Note(hop, Feat::kOwnMessages, true, now_ms);
    }
    if (hop + 1 == end_) {
      Reset();
    }
  } else if (suspect_.within_ms > 0 && hop == suspect_.silent_hop) {
    // Where this took as long as well, it was no message that was lost.
    if (now_ms - asked_ms_ <= suspect_.within_ms) {
      Note(suspect_.hop, suspect_.feat, false, now_ms);
    }
    suspect_.within_ms = 0;
  }
}

bool Pipelining::TriesAgain(size_t hop, Loss loss) {
  if (!IsInFlight(hop)) {
    const bool same_end = suspect_.within_ms > 0 && hop == suspect_.silent_hop &&
                          loss == Loss::kClosed && suspect_.loss == Loss::kClosed;
    if (is_trial_ && same_end && IsLearned(suspect_.hop)) {
      // `ssh -D` ends a connection whose target refuses, without an answer: it has read that.
      table_->Note(path_[suspect_.hop], suspect_.feat, true);
    }
    return false;
  }
  const bool has_spoken = hop < heard_;
  suspect_ = {.hop = static_cast<uint8_t>(hop),
              .feat = Feat::kPassesOn,
              .silent_hop = static_cast<uint8_t>(hop),
              .loss = loss,
              .within_ms = std::max(kLeastMarginMs, kMarginFactor * longest_ms_)};
  if (IsSocks5(hop) && (has_spoken || hop == first_)) {
    suspect_.feat = Feat::kOwnMessages;
  } else if (hop > first_) {
    suspect_.hop = static_cast<uint8_t>(hop - 1);
  }
  is_off_ = true;
  Reset();
  return true;
}

void Pipelining::ForgetMethod(size_t hop) {
  if (table_ != nullptr) {
    table_->NoteMethod(path_[hop], Socks5Method::kUnknown);
  }
  is_off_ = true;
  Reset();
}

void Pipelining::Up(const Logins& logins) {
  if (!is_trial_ && NeedsTrial(logins)) {
    table_->AskForTrial(path_);
  }
}

bool Pipelining::NeedsTrial(const Logins& logins) const {
  if (table_ == nullptr || path_.NeedsRelay(*config_)) {
    return false;
  }
  for (size_t hop = 0; hop < path_.size(); ++hop) {
    if (IsWorthATrial(hop, logins)) {
      return true;
    }
  }
  return false;
}

bool Pipelining::BeginTrial(const Logins& logins) {
  if (!NeedsTrial(logins)) {
    return false;
  }
  for (size_t hop = 0; hop < path_.size(); ++hop) {
    if (IsWorthATrial(hop, logins)) {
      table_->CountTrial(path_[hop]);
    }
  }
  return true;
}

bool Pipelining::IsWorthATrial(size_t hop, const Logins& logins) const {
  if (!IsLearned(hop) || !CanBeInFlight(ProxyAt(hop)) ||
      table_->Trials(path_[hop]) >= FlightTable::kMaxTrials) {
    return false;
  }
  if (IsSocks5(hop) && MayLearn(hop, Feat::kOwnMessages)) {
    return true;
  }
  // Bytes go behind its request only where that is part of a flight itself.
  return hop + 1 < path_.size() && (logins.unsettled >> hop & 1) == 0 &&
         (logins.open >> (hop + 1) & 1) == 0 && CanBeInFlight(ProxyAt(hop + 1)) &&
         !(IsHttp(ProxyAt(hop)) && IsHttp(ProxyAt(hop + 1))) && MayLearn(hop, Feat::kPassesOn) &&
         !(IsSocks5(hop) && !Stands(hop, Feat::kOwnMessages)) &&
         !(IsSocks5(hop + 1) && !Stands(hop + 1, Feat::kOwnMessages));
}

bool Pipelining::MayLearn(size_t hop, Feat feat) const {
  return table_->Of(path_[hop]).of(feat) == Answer::kUnknown;
}

void Pipelining::Note(size_t hop, Feat feat, bool stands, int64_t now_ms) {
  if (!IsLearned(hop)) {
    return;
  }
  table_->Note(path_[hop], feat, stands);
  if (stands) {
    table_->SetSure(path_[hop], now_ms);
  }
}

void Pipelining::Reset() {
  end_ = 0;
  longest_ms_ = 0;
  deadline_ms_ = INT64_MAX;
}

}  // namespace chain
