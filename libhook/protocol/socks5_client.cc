#include "protocol/socks5_client.h"

#include <cstring>

#include "base/text.h"

namespace protocol {
namespace {

using base::Cause;

constexpr uint8_t kVersion = 5;
constexpr uint8_t kCommandConnect = 1;

constexpr uint8_t kMethodNone = 0x00;
constexpr uint8_t kMethodPassword = 0x02;
constexpr uint8_t kMethodUnacceptable = 0xff;

constexpr uint8_t MethodByte(Socks5Method method) {
  return method == Socks5Method::kPassword ? kMethodPassword : kMethodNone;
}

constexpr uint8_t kPasswordVersion = 1;

constexpr uint8_t kTypeV4 = 1;
constexpr uint8_t kTypeName = 3;
constexpr uint8_t kTypeV6 = 4;

constexpr size_t kReplyHead = 4;  // VER REP RSV ATYP
constexpr size_t kPort = 2;
// The shortest reply there can be: a bound name of length 0. So this much can be asked for before
// the type of the bound address is known.
constexpr size_t kShortestReply = kReplyHead + 1 + kPort;

// RFC 1928 §6. Empty where the cause's own words say the same.
std::string_view ReplyText(uint8_t code) {
  switch (code) {
    case 1:
      return "general failure";
    case 2:
      return "not allowed by ruleset";
    case 3:
    case 4:
    case 5:
      return {};
    case 6:
      return "TTL expired";
    case 7:
      return "command not supported";
    case 8:
      return "address type not supported";
    default:
      return "unassigned code";
  }
}

}  // namespace

Socks5Client::Socks5Client(const base::Endpoint& target, std::string_view user,
                           std::string_view password)
    : target_(target), user_(user), password_(password) {
  if (user.size() > kMaxCredential || password.size() > kMaxCredential) {
    Fail(Cause::kAuthentication, 0, "SOCKS5 takes no user name or password over 255 bytes");
    return;
  }
  // A proxy that wants no password may still be given one, so both methods are offered.
  message_[0] = kVersion;
  message_[1] = has_credentials() ? 2 : 1;
  message_[2] = kMethodNone;
  message_[3] = kMethodPassword;
  StartSending(State::kSendGreeting, has_credentials() ? 4 : 3);
}

size_t Socks5Client::WriteAhead(Socks5Method method, std::span<uint8_t> out) {
  const Socks5Client unsent = *this;
  size_t size = 0;
  const auto append = [&] {
    const std::span<const uint8_t> bytes = message_.Outgoing();
    if (size + bytes.size() > out.size()) {
      return false;
    }
    std::memcpy(out.data() + size, bytes.data(), bytes.size());
    size += bytes.size();
    return true;
  };
  bool fits = true;
  if (!was_greeted_) {
    // The one method that all that follows is right for.
    message_[1] = 1;
    message_[2] = MethodByte(method);
    StartSending(State::kSendGreeting, 3);
    fits = append();
    if (fits && method == Socks5Method::kPassword) {
      SendCredentials();
      fits = append();
    }
  }
  if (fits) {
    SendRequest();
    fits = append();
  }
  if (!fits) {
    *this = unsent;
    return 0;
  }
  WasSentAhead(method);
  return size;
}

void Socks5Client::WasSentAhead(Socks5Method method) {
  ahead_ = method;
  if (was_greeted_) {
    StartReceiving(State::kRecvReply, kShortestReply);
  } else {
    StartReceiving(State::kRecvMethod, 2);
  }
}

void Socks5Client::WasGreeted(Socks5Method method) {
  was_greeted_ = true;
  method_ = method;
  if (state_ != State::kFailed) {
    SendRequest();
  }
}

Step Socks5Client::step() const {
  switch (state_) {
    case State::kSendGreeting:
    case State::kSendCredentials:
    case State::kSendRequest:
      return Step::kSend;
    case State::kRecvMethod:
    case State::kRecvVerdict:
    case State::kRecvReply:
      return Step::kReceive;
    case State::kReconnect:
      return Step::kReconnect;
    case State::kDone:
      return Step::kDone;
    case State::kFailed:
      break;
  }
  return Step::kFailed;
}

void Socks5Client::Sent(size_t count) {
  message_.Sent(count);
  if (!message_.whole()) {
    return;
  }
  if (state_ == State::kSendGreeting) {
    StartReceiving(State::kRecvMethod, 2);
  } else if (state_ == State::kSendCredentials) {
    StartReceiving(State::kRecvVerdict, 2);
  } else {
    StartReceiving(State::kRecvReply, kShortestReply);
  }
}

size_t Socks5Client::Feed(std::span<const uint8_t> data) {
  size_t taken = 0;
  while (taken < data.size() && step() == Step::kReceive) {
    taken += message_.Take(data.subspan(taken));
    if (state_ == State::kRecvMethod) {
      HandleMethod();
    } else if (state_ == State::kRecvVerdict) {
      HandleVerdict();
    } else {
      HandleReply();
    }
  }
  return taken;
}

void Socks5Client::FeedEnd() {
  if (state_ == State::kRecvMethod && message_.done() == 0) {
    Fail(Cause::kClosedEarly, 0, "no reply to the SOCKS5 greeting");
  } else if (state_ == State::kRecvVerdict && message_.done() < 2) {
    Fail(Cause::kClosedEarly, 0, "no reply to the user name and password");
  } else {
    Fail(Cause::kClosedEarly, 0, {});
  }
}

void Socks5Client::StartSending(State state, size_t size) {
  state_ = state;
  message_.Start(size);
}

void Socks5Client::StartReceiving(State state, size_t size) { StartSending(state, size); }

void Socks5Client::SendCredentials() {
  size_t at = 0;
  message_[at++] = kPasswordVersion;
  for (const std::string_view text : {user_, password_}) {
    message_[at++] = static_cast<uint8_t>(text.size());
    std::memcpy(message_.data() + at, text.data(), text.size());
    at += text.size();
  }
  StartSending(State::kSendCredentials, at);
}

void Socks5Client::SendRequest() {
  size_t at = 0;
  message_[at++] = kVersion;
  message_[at++] = kCommandConnect;
  message_[at++] = 0;
  if (target_.is_name()) {
    static_assert(base::kMaxNameLength <= 255);
    message_[at++] = kTypeName;
    message_[at++] = static_cast<uint8_t>(target_.name().size());
    std::memcpy(message_.data() + at, target_.name().data(), target_.name().size());
    at += target_.name().size();
  } else {
    const std::span<const uint8_t> bytes = target_.address().bytes();
    message_[at++] = target_.address().is_v4() ? kTypeV4 : kTypeV6;
    std::memcpy(message_.data() + at, bytes.data(), bytes.size());
    at += bytes.size();
  }
  message_[at++] = static_cast<uint8_t>(target_.port() >> 8);
  message_[at++] = static_cast<uint8_t>(target_.port());
  StartSending(State::kSendRequest, at);
}

void Socks5Client::GoOnToRequest() {
  if (greet_only_) {
    state_ = State::kDone;
  } else if (ahead_ != Socks5Method::kUnknown) {
    StartReceiving(State::kRecvReply, kShortestReply);
  } else {
    SendRequest();
  }
}

void Socks5Client::HandleMethod() {
  if (message_[0] != kVersion) {
    // "HTTP/1.1 400 Bad Request" is what most such replies begin with.
    Fail(Cause::kNotTheProtocol, 0,
         message_[0] == 'H' ? "not SOCKS5; the answer looks like HTTP" : "not SOCKS5");
    return;
  }
  if (message_.done() < 2) {
    return;
  }
  const bool is_ahead = ahead_ != Socks5Method::kUnknown;
  if (is_ahead && has_credentials() && message_[1] != MethodByte(ahead_)) {
    // Asked anew, with both methods to choose from, it may well take one.
    state_ = State::kReconnect;
    return;
  }
  switch (message_[1]) {
    case kMethodNone:
      method_ = Socks5Method::kNone;
      GoOnToRequest();
      return;
    case kMethodPassword:
      if (has_credentials()) {
        method_ = Socks5Method::kPassword;
        if (is_ahead) {
          StartReceiving(State::kRecvVerdict, 2);
        } else {
          SendCredentials();
        }
        return;
      }
      Fail(Cause::kNotTheProtocol, kMethodPassword, "SOCKS5 method that was not offered");
      return;
    case kMethodUnacceptable:
      Fail(Cause::kAuthentication, kMethodUnacceptable,
           has_credentials() ? "SOCKS5: the proxy takes neither a password nor none"
                             : "SOCKS5: the proxy wants credentials; no credentials given");
      return;
    default:
      Fail(Cause::kNotTheProtocol, message_[1], "SOCKS5 method that was not offered");
      return;
  }
}

void Socks5Client::HandleVerdict() {
  // Some servers answer with SOCKS' own version instead of the sub-negotiation's.
  if (message_[0] != kPasswordVersion && message_[0] != kVersion) {
    Fail(Cause::kNotTheProtocol, 0, "not an RFC 1929 reply");
    return;
  }
  if (message_.done() < 2) {
    return;
  }
  if (message_[1] != 0) {
    Fail(Cause::kAuthentication, message_[1], "SOCKS5: credentials refused");
    return;
  }
  GoOnToRequest();
}

void Socks5Client::HandleReply() {
  if (message_[0] != kVersion) {
    Fail(Cause::kNotTheProtocol, 0, "not a SOCKS5 reply");
    return;
  }
  if (message_.done() < 2) {
    return;
  }
  answered_ = true;
  // A refusal is final at its second byte; some proxies don't send the rest of it.
  if (message_[1] != 0) {
    HandleReplyCode(message_[1]);
    return;
  }
  if (message_.done() < kReplyHead + 1) {
    return;
  }
  switch (message_[3]) {
    case kTypeV4:
      message_.Resize(kReplyHead + 4 + kPort);
      break;
    case kTypeV6:
      message_.Resize(kReplyHead + 16 + kPort);
      break;
    case kTypeName:
      message_.Resize(kShortestReply + message_[kReplyHead]);
      break;
    default:
      Fail(Cause::kNotTheProtocol, message_[3], "SOCKS5 reply with an unknown address type");
      return;
  }
  if (message_.whole()) {
    state_ = State::kDone;
  }
}

void Socks5Client::HandleReplyCode(uint8_t code) {
  std::array<char, 64> buffer;
  base::TextWriter text(buffer);
  if (const std::string_view words = ReplyText(code); !words.empty()) {
    text.Append("SOCKS reply ").AppendNumber(code).Append(": ").Append(words);
  }
  Cause cause = Cause::kRefused;
  switch (code) {
    case 1:
      // The RFC has no code for a name that can't be looked up: microsocks sends this one.
      cause = target_.is_name() ? Cause::kHostUnreachable : Cause::kRefused;
      break;
    case 2:
    case 7:
      cause = Cause::kForbidden;
      break;
    case 3:
    case 8:
      cause = Cause::kNetUnreachable;
      break;
    case 4:
      cause = Cause::kHostUnreachable;
      break;
    case 6:
      cause = Cause::kTimedOut;
      break;
    default:
      break;
  }
  Fail(cause, code, text.view());
  // 2, 7 and 8 are the proxy's own no; the others say how the target behaved.
  if (code != 2 && code != 7 && code != 8) {
    failure_.speaker = base::Failure::Speaker::kTarget;
  }
}

void Socks5Client::Fail(Cause cause, uint16_t code, std::string_view detail) {
  state_ = State::kFailed;
  failure_ = {};
  failure_.cause = cause;
  failure_.code = code;
  failure_.set_detail(detail);
}

}  // namespace protocol
