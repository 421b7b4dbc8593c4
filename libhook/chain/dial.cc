#include "chain/dial.h"

#include <array>
#include <cerrno>

#include "base/syscalls.h"

namespace chain {
namespace {

constexpr int kSendFlags = MSG_DONTWAIT | MSG_NOSIGNAL;

// Where hop `index + 1`, or at the end of the chain the target, is to be found. None where the
// proxy's host is no name that anybody could look up.
std::optional<base::Endpoint> NextStop(const config::Config& config, const Path& path, size_t index,
                                       const base::Endpoint& target) {
  if (index + 1 >= path.size()) {
    return target;
  }
  const config::Proxy& next = path.At(config, index + 1);
  const std::string_view host = config.text(next.host);
  if (const auto address = base::IpAddress::Parse(host)) {
    return base::Endpoint(*address, next.port);
  }
  const bool only_v4 = config::TakesOnlyV4(path.At(config, index).type);
  for (const config::HostAddress& known : config.HostAddresses(host)) {
    if (known.address.is_v4() || !only_v4) {
      return base::Endpoint(known.address, next.port);
    }
  }
  return base::Endpoint::FromName(host, next.port);
}

}  // namespace

Dial::Dial(const config::Config& config, const Path& path, const base::Endpoint& target)
    : config_(&config), path_(path), target_(target) {}

void Dial::Start(int64_t now_ms) { deadline_ms_ = now_ms + config_->globals().connect_timeout_ms; }

void Dial::Connected(int error, int64_t /*now_ms*/) {
  if (error != 0) {
    Fail(base::FromConnectErrno(error));
    return;
  }
  if (path_.empty()) {
    state_ = State::kDone;
    return;
  }
  StartHandshake();
}

Dial::State Dial::Advance(int fd, int64_t now_ms) {
  while (state_ == State::kWantRead || state_ == State::kWantWrite) {
    bool moved = false;
    switch (handshake_->step()) {
      case protocol::Step::kSend:
        state_ = State::kWantWrite;
        moved = SendSome(fd);
        break;
      case protocol::Step::kReceive:
        // Right behind a request there is no answer yet: to look would be a call in vain.
        moved = state_ == State::kWantRead && ReceiveSome(fd);
        if (state_ == State::kWantWrite) {
          state_ = State::kWantRead;
        }
        break;
      case protocol::Step::kDone:
        FinishHop(now_ms);
        moved = true;
        break;
      case protocol::Step::kFailed:
        Fail(handshake_->failure());
        break;
    }
    if (!moved) {
      break;
    }
  }
  return state_;
}

void Dial::TimeOut() {
  base::Failure failure;
  failure.cause = base::Cause::kTimedOut;
  Fail(failure);
}

void Dial::Fail(const base::Failure& failure) {
  failure_ = failure;
  failure_.hop = hop_;
  state_ = State::kFailed;
}

void Dial::StartHandshake() {
  const config::Proxy& proxy = path_.At(*config_, hop_);
  const auto next = NextStop(*config_, path_, hop_, target_);
  if (!next) {
    base::Failure failure;
    failure.cause = base::Cause::kHostUnreachable;
    failure.set_detail("the next proxy's host is not a name");
    Fail(failure);
    return;
  }
  handshake_.emplace(proxy.type, *next, config_->text(proxy.user), config_->text(proxy.password));
  state_ = State::kWantWrite;
}

void Dial::FinishHop(int64_t now_ms) {
  if (size_t{hop_} + 1 == path_.size()) {
    state_ = State::kDone;
    return;
  }
  ++hop_;
  Start(now_ms);
  StartHandshake();
}

bool Dial::SendSome(int fd) {
  const std::span<const uint8_t> bytes = handshake_->Outgoing();
  const long sent = sys::Send(fd, bytes.data(), bytes.size(), kSendFlags);
  if (sent < 0) {
    return GoesOnAfter(sent);
  }
  handshake_->Sent(static_cast<size_t>(sent));
  return true;
}

bool Dial::ReceiveSome(int fd) {
  std::array<uint8_t, 1024> buffer;
  const protocol::Appetite appetite = handshake_->Incoming();
  const size_t max = appetite.max < buffer.size() ? appetite.max : buffer.size();
  const long got =
      sys::Recv(fd, buffer.data(), max, appetite.peek ? MSG_DONTWAIT | MSG_PEEK : MSG_DONTWAIT);
  if (got < 0) {
    return GoesOnAfter(got);
  }
  if (got == 0) {
    handshake_->FeedEnd();
    return true;
  }
  size_t taken = handshake_->Feed(std::span(buffer).first(static_cast<size_t>(got)));
  while (appetite.peek && taken > 0) {
    // The peeked bytes are there, so this neither waits nor ends early.
    const long dropped = sys::Recv(fd, buffer.data(), taken, MSG_DONTWAIT);
    if (dropped == -EINTR) {
      continue;
    }
    if (dropped <= 0) {
      return dropped < 0 && GoesOnAfter(dropped);
    }
    taken -= static_cast<size_t>(dropped);
  }
  return true;
}

// `error` < 0 is what send or recv returned.
bool Dial::GoesOnAfter(long error) {
  if (error == -EINTR) {
    return true;
  }
  if (error != -EAGAIN) {
    Fail(base::FromConnectErrno(static_cast<int>(-error)));
  }
  return false;
}

}  // namespace chain
