#include "protocol/socks4_client.h"

#include <algorithm>

namespace protocol {
namespace {

using base::Cause;

constexpr uint8_t kVersion = 4;
constexpr uint8_t kCommandConnect = 1;
constexpr uint8_t kReplyVersion = 0;  // the reply's own, not the protocol's

constexpr uint8_t kGranted = 90;
constexpr uint8_t kRejectedOrFailed = 91;
constexpr uint8_t kNoIdent = 92;
constexpr uint8_t kOtherIdent = 93;

// SOCKS 4A: an address 0.0.0.x, x not 0, says that a name follows.
constexpr uint8_t kNameFollows[4] = {0, 0, 0, 1};

}  // namespace

Socks4Client::Socks4Client(const base::Endpoint& target, std::string_view user, bool takes_names) {
  if (target.is_name() ? !takes_names : !target.address().is_v4()) {
    Fail(Cause::kNetUnreachable, 0,
         target.is_name() ? "SOCKS4 takes no names; socks4a does" : "SOCKS4 carries no IPv6");
  } else if (user.size() > kMaxUser) {
    Fail(Cause::kAuthentication, 0, "SOCKS4 takes no user name over 255 bytes");
  } else {
    WriteRequest(target, user);
  }
}

void Socks4Client::WriteRequest(const base::Endpoint& target, std::string_view user) {
  size_t at = 0;
  // An empty view may be null, which memcpy(3) doesn't take.
  const auto append = [&](const auto* bytes, size_t size) {
    std::copy_n(bytes, size, message_.data() + at);
    at += size;
  };
  message_[at++] = kVersion;
  message_[at++] = kCommandConnect;
  message_[at++] = static_cast<uint8_t>(target.port() >> 8);
  message_[at++] = static_cast<uint8_t>(target.port());
  append(target.is_name() ? kNameFollows : target.address().bytes().data(), sizeof kNameFollows);
  append(user.data(), user.size());
  message_[at++] = 0;
  if (target.is_name()) {
    append(target.name().data(), target.name().size());
    message_[at++] = 0;
  }
  message_.Start(at);
}

Step Socks4Client::step() const {
  switch (state_) {
    case State::kSendRequest:
      return Step::kSend;
    case State::kRecvReply:
      return Step::kReceive;
    case State::kDone:
      return Step::kDone;
    case State::kFailed:
      break;
  }
  return Step::kFailed;
}

void Socks4Client::Sent(size_t count) {
  message_.Sent(count);
  if (message_.whole()) {
    state_ = State::kRecvReply;
    message_.Start(kReply);
  }
}

size_t Socks4Client::WriteAhead(std::span<uint8_t> out) {
  const std::span<const uint8_t> bytes = Outgoing();
  if (bytes.size() > out.size()) {
    return 0;
  }
  std::ranges::copy(bytes, out.begin());
  WasSentAhead();
  return bytes.size();
}

size_t Socks4Client::Feed(std::span<const uint8_t> data) {
  const size_t taken = message_.Take(data);
  HandleReply();
  return taken;
}

void Socks4Client::FeedEnd() {
  Fail(Cause::kClosedEarly, 0, message_.done() == 0 ? "no reply to the SOCKS4 request" : "");
}

void Socks4Client::HandleReply() {
  if (message_.done() > 0 && message_[0] != kReplyVersion) {
    Fail(Cause::kNotTheProtocol, 0,
         message_[0] == 'H' ? "not SOCKS4; the answer looks like HTTP" : "not SOCKS4");
    return;
  }
  if (message_.done() < 2) {
    return;
  }
  answered_ = true;
  // A refusal is final at its second byte; some proxies don't send the rest of it.
  switch (message_[1]) {
    case kGranted:
      if (message_.whole()) {
        state_ = State::kDone;
      }
      return;
    case kRejectedOrFailed:
      // The one code for all that can go wrong behind the proxy, and for its own no.
      Fail(Cause::kRefused, kRejectedOrFailed, "SOCKS4 reply 91: rejected or failed");
      failure_.speaker = base::Failure::Speaker::kTarget;
      return;
    case kNoIdent:
      Fail(Cause::kAuthentication, kNoIdent, "SOCKS4 reply 92: the proxy wants identd here");
      return;
    case kOtherIdent:
      Fail(Cause::kAuthentication, kOtherIdent, "SOCKS4 reply 93: identd names another user");
      return;
    default:
      Fail(Cause::kNotTheProtocol, message_[1], "SOCKS4 reply with an unknown code");
  }
}

void Socks4Client::Fail(Cause cause, uint16_t code, std::string_view detail) {
  state_ = State::kFailed;
  failure_ = {};
  failure_.cause = cause;
  failure_.code = code;
  failure_.set_detail(detail);
}

}  // namespace protocol
