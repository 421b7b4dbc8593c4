#include "relay/ssh_log.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace relay {
namespace {

// A reason that is as old as that is nobody's: its program had gone before the answer came.
constexpr int64_t kReasonLifeMs = 5000;
constexpr size_t kMaxLine = 4096;
constexpr size_t kMaxReasons = 1024;

bool Same(const base::Failure& a, const base::Failure& b) {
  return a.cause == b.cause && a.speaker == b.speaker && a.detail_text() == b.detail_text();
}

}  // namespace

bool SshLog::Read(int64_t now_ms) {
  const std::lock_guard lock(mutex_);
  return ReadLocked(now_ms);
}

bool SshLog::ReadLocked(int64_t now_ms) {
  for (;;) {
    std::array<char, 4096> buffer;
    const ssize_t got = read(pipe_.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      const bool more_to_come = got < 0 && errno == EAGAIN;
      if (!more_to_come && !bytes_.empty()) {
        TakeLine(bytes_, now_ms);
        bytes_.clear();
      }
      return more_to_come;
    }
    bytes_.append(buffer.data(), static_cast<size_t>(got));
    size_t start = 0;
    for (size_t end; (end = bytes_.find('\n', start)) != std::string::npos; start = end + 1) {
      TakeLine(std::string_view(bytes_).substr(start, end - start), now_ms);
    }
    bytes_.erase(0, start);
    if (bytes_.size() > kMaxLine) {
      bytes_.clear();
    }
  }
}

void SshLog::TakeLine(std::string_view line, int64_t now_ms) {
  if (const auto failure = ChannelFailure(line)) {
    if (reasons_.size() == kMaxReasons) {
      reasons_.pop_front();
    }
    reasons_.push_back({*failure, now_ms, false});
  } else {
    complaint_.Add(line);
  }
}

SshLog::Claim SshLog::ClaimChannelFailure(int64_t now_ms, base::Failure* out) {
  const std::lock_guard lock(mutex_);
  ReadLocked(now_ms);
  std::erase_if(reasons_,
                [&](const Reason& reason) { return now_ms - reason.time_ms > kReasonLifeMs; });
  if (reasons_.empty()) {
    return Claim::kNone;
  }
  const Reason taken = reasons_.front();
  reasons_.pop_front();
  *out = taken.failure;
  const bool clear =
      !taken.unclear && std::all_of(reasons_.begin(), reasons_.end(), [&](const Reason& other) {
        return Same(other.failure, taken.failure);
      });
  if (clear) {
    return Claim::kFound;
  }
  for (Reason& other : reasons_) {
    other.unclear = true;
  }
  return Claim::kUnclear;
}

base::Failure SshLog::Conclude() {
  const std::lock_guard lock(mutex_);
  return complaint_.Conclude();
}

}  // namespace relay
