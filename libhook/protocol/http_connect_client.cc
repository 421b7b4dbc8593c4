#include "protocol/http_connect_client.h"

#include <algorithm>

#include "base/text.h"
#include "protocol/http_causes.h"

namespace protocol {
namespace {

using base::Cause;
using Speaker = base::Failure::Speaker;

// Typical replies are below 200 bytes; a longer head is read in several pieces.
constexpr size_t kPiece = 1024;

// What can't be in a host name that others parse: a target named "a:22" or "a HTTP/1.1\r\nX: y"
// must not become part of the request's syntax.
bool CanBeWritten(std::string_view name) {
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte == 0x7f ||
        std::string_view(":/?#@[]\\\"<>").find(c) != std::string_view::npos) {
      return false;
    }
  }
  return true;
}

}  // namespace

HttpConnectClient::HttpConnectClient(const base::Endpoint& target,
                                     const HttpCredentials& credentials)
    : HttpConnectClient(target, credentials, HttpMemory{}, Freshness{}) {}

HttpConnectClient::HttpConnectClient(const base::Endpoint& target,
                                     const HttpCredentials& credentials, const HttpMemory& known,
                                     const Freshness& fresh)
    : target_(target), head_(credentials.auth), login_(credentials, known, fresh) {
  if (!CanBeWritten(target.name())) {
    Fail(Cause::kHostUnreachable, Speaker::kHop, "a name that HTTP CONNECT can't carry");
  } else if (credentials.user.find(':') != std::string_view::npos) {
    Fail(Cause::kAuthentication, Speaker::kHop, "a user name with a colon can't be sent by HTTP");
  } else if (credentials.user.size() + credentials.password.size() > kMaxCredentials) {
    Fail(Cause::kAuthentication, Speaker::kHop, "user name and password are over 1,000 bytes");
  } else {
    WriteRequest();
  }
}

void HttpConnectClient::WriteRequest() {
  std::array<char, base::kMaxEndpointText> authority_buffer;
  const std::string_view authority = target_.Text(authority_buffer);
  base::TextWriter out(buffer_);
  out.Append("CONNECT ").Append(authority).Append(" HTTP/1.1\r\nHost: ").Append(authority);
  if (login_.may_be_asked()) {
    // For proxies that speak HTTP/1.0.
    out.Append("\r\nProxy-Connection: Keep-Alive");
  }
  constexpr std::string_view kHeader = "\r\nProxy-Authorization: ";
  std::array<char, kMaxRequest> answer_buffer;
  base::TextWriter answer(answer_buffer);
  token_ = {};
  const bool can_be_said = login_.Write(answer, authority, &token_);
  if (!answer.view().empty()) {
    out.Append(kHeader).Append(answer.view());
  }
  token_at_ = static_cast<uint16_t>(out.view().size());
  out.Append("\r\n\r\n");
  if (!can_be_said || answer.cut() || out.cut()) {
    Fail(Cause::kAuthentication, Speaker::kHop, "what the proxy asks for can't be answered");
    return;
  }
  size_ = static_cast<uint16_t>(out.view().size());
  if (token_.empty()) {
    // One piece: the second of two would wait for the proxy's delayed acknowledgement (Nagle).
    token_at_ = size_;
  }
  sent_ = 0;
  step_ = Step::kSend;
}

std::span<const uint8_t> HttpConnectClient::Outgoing() const {
  std::string_view piece(buffer_.data(), size_);
  if (sent_ < token_at_) {
    piece = piece.substr(sent_, token_at_ - sent_);
  } else if (sent_ < token_at_ + token_.size()) {
    piece = token_.substr(sent_ - token_at_);
  } else {
    piece = piece.substr(sent_ - token_.size());
  }
  return {reinterpret_cast<const uint8_t*>(piece.data()), piece.size()};
}

void HttpConnectClient::Sent(size_t count) {
  sent_ += count;
  if (sent_ == size_ + token_.size()) {
    step_ = Step::kReceive;
  }
}

size_t HttpConnectClient::WriteAhead(bool followed, std::span<uint8_t> out) {
  const std::span<const uint8_t> bytes = Outgoing();
  if (bytes.size() > out.size()) {
    return 0;
  }
  std::ranges::copy(bytes, out.begin());
  WasSentAhead(followed);
  return bytes.size();
}

void HttpConnectClient::WasSentAhead(bool followed) {
  is_followed_ = followed;
  Sent(size_);
}

Appetite HttpConnectClient::Incoming() const {
  return in_content_ ? content_.Incoming() : Appetite{.max = kPiece, .peek = true};
}

size_t HttpConnectClient::Feed(std::span<const uint8_t> data) {
  if (in_content_) {
    const size_t taken = content_.Feed(data);
    GoOn();
    return taken;
  }
  const size_t taken = head_.Feed(data, buffer_);
  switch (head_.state()) {
    case HttpReplyHead::State::kOpen:
      break;
    case HttpReplyHead::State::kComplete:
      Conclude();
      break;
    case HttpReplyHead::State::kNotHttp:
      Fail(Cause::kNotTheProtocol, Speaker::kHop, "not an HTTP reply");
      break;
    case HttpReplyHead::State::kTooLong:
      Fail(Cause::kNotTheProtocol, Speaker::kHop, "HTTP reply header over 64 KiB");
      break;
  }
  return taken;
}

void HttpConnectClient::FeedEnd() {
  if (in_content_ || (follows_answer_ && !head_.started())) {
    // The connection was good for the requests before this one.
    if (!login_.needs_same_connection()) {
      step_ = Step::kReconnect;
      return;
    }
    Fail(Cause::kClosedEarly, Speaker::kHop, "in the middle of NTLM");
    return;
  }
  Fail(Cause::kClosedEarly, Speaker::kHop,
       head_.started() ? "in the middle of the HTTP reply" : "no HTTP reply");
}

void HttpConnectClient::Conclude() {
  const unsigned status = head_.status();
  if (status == 407) {
    ConcludeAuthentication();
    return;
  }
  login_.Accepted(head_);
  if (status < 300) {
    step_ = Step::kDone;
  } else {
    FailByStatus();
  }
}

void HttpConnectClient::ConcludeAuthentication() {
  if (!login_.TakeChallenge(head_)) {
    std::array<char, 128> buffer;
    base::TextWriter detail(buffer);
    const std::string_view summary = head_.offers().summary();
    detail.Append("HTTP 407: ").Append(summary.empty() ? head_.reason() : summary);
    detail.Append("; ").Append(login_.refusal());
    Fail(Cause::kAuthentication, Speaker::kHop, detail.view());
    return;
  }
  if (is_followed_) {
    step_ = Step::kReconnect;
    return;
  }
  content_ = HttpContent(head_);
  in_content_ = true;
  GoOn();
}

void HttpConnectClient::GoOn() {
  const bool ended = content_.state() == HttpContent::State::kEnded;
  if (content_.state() == HttpContent::State::kOpen && head_.stays_open()) {
    return;
  }
  if (ended && head_.stays_open()) {
    in_content_ = false;
    follows_answer_ = true;
    head_ = HttpReplyHead(login_.auth());
    WriteRequest();
  } else if (login_.needs_same_connection()) {
    Fail(Cause::kAuthentication, Speaker::kHop,
         "HTTP 407: the connection ends in the middle of NTLM");
  } else {
    step_ = Step::kReconnect;
  }
}

void HttpConnectClient::FailByStatus() {
  const unsigned status = head_.status();
  std::array<char, 128> buffer;
  base::TextWriter detail(buffer);
  detail.Append("HTTP ").AppendNumber(status);
  if (!head_.reason().empty()) {
    detail.Append(": ").Append(head_.reason());
  }
  if (!head_.error().empty()) {
    detail.Append("; ").Append(head_.error());
  }
  const HttpVerdict verdict = JudgeHttpRefusal(status, head_.reason(), head_.error());
  Fail(verdict.cause, verdict.speaker, detail.view());
}

void HttpConnectClient::Fail(Cause cause, Speaker speaker, std::string_view detail) {
  step_ = Step::kFailed;
  failure_ = {};
  failure_.cause = cause;
  failure_.speaker = speaker;
  failure_.code = static_cast<uint16_t>(head_.status());
  failure_.set_detail(detail);
}

}  // namespace protocol
