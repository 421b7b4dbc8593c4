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

constexpr std::string_view kDebug = "debug1: ";
constexpr std::string_view kChannel = "channel ";
constexpr std::string_view kTarget = "channel_connect_stdio_fwd";

// "2" of "channel 2: open failed"; empty where the line is another one.
std::string_view ChannelNumber(std::string_view line) {
  if (!line.starts_with(kChannel)) {
    return {};
  }
  line.remove_prefix(kChannel.size());
  return line.substr(0, line.find(':'));
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
  while (line.ends_with('\r')) {
    line.remove_suffix(1);
  }
  if (line.starts_with(kDebug)) {
    TakeDebugLine(line.substr(kDebug.size()));
  } else if (const auto failure = ChannelFailure(line)) {
    TakeReason(line, *failure, now_ms);
  } else {
    complaint_.Add(line);
  }
}

// "channel_connect_stdio_fwd: HOST:PORT", then "channel 2: new stdio-forward [stdio-forward]", and
// at the end "channel 2: free: …".
void SshLog::TakeDebugLine(std::string_view line) {
  if (line.starts_with(kTarget)) {
    last_target_ = line.substr(line.rfind(' ') + 1);
    return;
  }
  const std::string number(ChannelNumber(line));
  if (number.empty()) {
    return;
  }
  if (line.find(": new ") != std::string_view::npos &&
      line.find("stdio-forward") != std::string_view::npos) {
    targets_[number] = last_target_;
  } else if (line.find(": free: ") != std::string_view::npos) {
    targets_.erase(number);
  }
}

void SshLog::TakeReason(std::string_view line, const base::Failure& failure, int64_t now_ms) {
  if (reasons_.size() == kMaxReasons) {
    reasons_.pop_front();
  }
  const auto target = targets_.find(std::string(ChannelNumber(line)));
  reasons_.push_back({target == targets_.end() ? "" : target->second, now_ms, failure});
}

bool SshLog::ClaimChannelFailure(std::string_view target, int64_t now_ms, base::Failure* out) {
  const std::lock_guard lock(mutex_);
  ReadLocked(now_ms);
  std::erase_if(reasons_,
                [&](const Reason& reason) { return now_ms - reason.time_ms > kReasonLifeMs; });
  const auto find = [&](std::string_view wanted) {
    return std::find_if(reasons_.begin(), reasons_.end(),
                        [&](const Reason& reason) { return reason.target == wanted; });
  };
  auto found = find(target);
  if (found == reasons_.end()) {
    found = find("");
  }
  if (found == reasons_.end()) {
    return false;
  }
  *out = found->failure;
  reasons_.erase(found);
  return true;
}

base::Failure SshLog::Conclude() {
  const std::lock_guard lock(mutex_);
  return complaint_.Conclude();
}

}  // namespace relay
