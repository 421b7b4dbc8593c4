#include "protocol/http_connect_client.h"

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

// RFC 4648 §4, of `first`, ':' and `second` as one text.
void AppendBase64(base::TextWriter& out, std::string_view first, std::string_view second) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const size_t size = first.size() + 1 + second.size();
  const auto byte_at = [&](size_t i) -> uint32_t {
    if (i >= size) return 0;
    if (i < first.size()) return static_cast<uint8_t>(first[i]);
    return i == first.size() ? uint8_t{':'} : static_cast<uint8_t>(second[i - first.size() - 1]);
  };
  for (size_t i = 0; i < size; i += 3) {
    const uint32_t group = byte_at(i) << 16 | byte_at(i + 1) << 8 | byte_at(i + 2);
    out.Append(kAlphabet[group >> 18]);
    out.Append(kAlphabet[group >> 12 & 63]);
    out.Append(i + 1 < size ? kAlphabet[group >> 6 & 63] : '=');
    out.Append(i + 2 < size ? kAlphabet[group & 63] : '=');
  }
}

}  // namespace

HttpConnectClient::HttpConnectClient(const base::Endpoint& target, std::string_view user,
                                     std::string_view password)
    : credentials_(user.empty() && password.empty() ? Credentials::kNone : Credentials::kBasic) {
  if (!CanBeWritten(target.name())) {
    Fail(Cause::kHostUnreachable, Speaker::kHop, "a name that HTTP CONNECT can't carry");
  } else if (user.find(':') != std::string_view::npos) {
    Fail(Cause::kAuthentication, Speaker::kHop, "a user name with a colon can't be sent as Basic");
  } else if (user.size() + password.size() > kMaxCredentials) {
    Fail(Cause::kAuthentication, Speaker::kHop, "user name and password are over 1,000 bytes");
  } else if (!WriteRequest(target, user, password)) {
    Fail(Cause::kHostUnreachable, Speaker::kHop, "the request would be too long");
  }
}

HttpConnectClient::HttpConnectClient(const base::Endpoint& target, std::string_view negotiate_token)
    : credentials_(Credentials::kToken), token_(negotiate_token) {
  if (!CanBeWritten(target.name())) {
    Fail(Cause::kHostUnreachable, Speaker::kHop, "a name that HTTP CONNECT can't carry");
  } else if (!WriteRequest(target, {}, {})) {
    Fail(Cause::kHostUnreachable, Speaker::kHop, "the request would be too long");
  }
}

bool HttpConnectClient::WriteRequest(const base::Endpoint& target, std::string_view user,
                                     std::string_view password) {
  std::array<char, base::kMaxEndpointText> buffer;
  const std::string_view authority = target.Text(buffer);
  base::TextWriter out(request_);
  out.Append("CONNECT ").Append(authority).Append(" HTTP/1.1\r\nHost: ").Append(authority);
  if (credentials_ == Credentials::kBasic) {
    out.Append("\r\nProxy-Authorization: Basic ");
    AppendBase64(out, user, password);
  } else if (credentials_ == Credentials::kToken) {
    out.Append("\r\nProxy-Authorization: Negotiate ");
  }
  token_at_ = static_cast<uint16_t>(out.view().size());
  out.Append("\r\n\r\n");
  size_ = static_cast<uint16_t>(out.view().size());
  return !out.cut();
}

std::span<const uint8_t> HttpConnectClient::Outgoing() const {
  const std::string_view request(request_.data(), size_);
  std::string_view left;
  if (sent_ < token_at_) {
    left = request.substr(sent_, token_at_ - sent_);
  } else if (sent_ < token_at_ + token_.size()) {
    left = token_.substr(sent_ - token_at_);
  } else {
    left = request.substr(sent_ - token_.size());
  }
  return {reinterpret_cast<const uint8_t*>(left.data()), left.size()};
}

void HttpConnectClient::Sent(size_t count) {
  sent_ += count;
  if (sent_ == size()) {
    step_ = Step::kReceive;
  }
}

Appetite HttpConnectClient::Incoming() const { return {.max = kPiece, .peek = true}; }

size_t HttpConnectClient::Feed(std::span<const uint8_t> data) {
  const size_t taken = head_.Feed(data);
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
  Fail(Cause::kClosedEarly, Speaker::kHop,
       head_.started() ? "in the middle of the HTTP reply" : "no HTTP reply");
}

void HttpConnectClient::Conclude() {
  const unsigned status = head_.status();
  if (status < 300) {
    step_ = Step::kDone;
    return;
  }
  if (status == 407) {
    ConcludeAuthentication();
    return;
  }
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

void HttpConnectClient::ConcludeAuthentication() {
  std::array<char, 128> buffer;
  base::TextWriter detail(buffer);
  detail.Append("HTTP 407: ");
  detail.Append(head_.challenges().empty() ? head_.reason() : head_.challenges());
  if (credentials_ == Credentials::kNone) {
    detail.Append("; no credentials given");
  } else if (credentials_ == Credentials::kToken) {
    detail.Append("; Kerberos ticket refused");
  } else if (head_.offers_basic() || head_.challenges().empty()) {
    detail.Append("; credentials refused");
  } else {
    detail.Append("; only Basic is supported");
  }
  Fail(Cause::kAuthentication, Speaker::kHop, detail.view());
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
