#include "listener/reply.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "listener/socks_request.h"

namespace listener {
namespace {

using base::Cause;

struct Verdict {
  Socks5Reply socks;
  int status;
  std::string_view error;  // RFC 9209 §2.3
};

constexpr Verdict kInternal = {Socks5Reply::kGeneralFailure, 500, "proxy_internal_error"};

// A hop that wants other credentials, or can't be trusted, is no fault of the client's.
Verdict VerdictOf(Cause cause) {
  switch (cause) {
    case Cause::kRejected:
    case Cause::kForbidden:
      return {Socks5Reply::kNotAllowed, 403, "http_request_denied"};
    case Cause::kRefused:
      return {Socks5Reply::kRefused, 502, "connection_refused"};
    case Cause::kHostUnreachable:
      return {Socks5Reply::kHostUnreachable, 502, "destination_unavailable"};
    case Cause::kNoSuchName:
      return {Socks5Reply::kHostUnreachable, 502, "dns_error"};
    case Cause::kNetUnreachable:
      return {Socks5Reply::kNetworkUnreachable, 502, "destination_ip_unroutable"};
    case Cause::kTimedOut:
      return {Socks5Reply::kTimedOut, 504, "connection_timeout"};
    case Cause::kNotTheProtocol:
    case Cause::kClosedEarly:
      return {Socks5Reply::kGeneralFailure, 502, "connection_terminated"};
    case Cause::kTlsUntrusted:
    case Cause::kTlsName:
      return {Socks5Reply::kGeneralFailure, 502, "tls_certificate_error"};
    case Cause::kAuthentication:
    case Cause::kSsh:
      return {Socks5Reply::kGeneralFailure, 502, "proxy_configuration_error"};
    case Cause::kNone:
    case Cause::kConfigUnusable:
    case Cause::kRelay:
    case Cause::kLocal:
      break;
  }
  return kInternal;
}

std::string_view ReasonOf(int status) {
  switch (status) {
    case 403:
      return "Forbidden";
    case 502:
      return "Bad Gateway";
    case 504:
      return "Gateway Timeout";
    default:
      return "Internal Server Error";
  }
}

std::string HttpText(int status, std::string_view reason, std::string_view more,
                     std::string_view message, bool has_body) {
  const std::string body = fmt::format("gochain: {}\n", message);
  return fmt::format(
      "HTTP/1.1 {} {}\r\n{}Content-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n"
      "Connection: close\r\n\r\n{}",
      status, reason, more, body.size(), has_body ? std::string_view(body) : "");
}

std::string HttpFailure(const Request& request, const Verdict& verdict,
                        const base::Failure& failure) {
  std::array<char, base::kMaxEndpointText> target;
  std::array<char, 512> why;
  const std::string message =
      fmt::format("{}: {}", request.target.Text(target),
                  failure ? base::Describe(failure, "target", why) : "internal error");
  return HttpText(verdict.status, ReasonOf(verdict.status),
                  fmt::format("Proxy-Status: gochain; error={}\r\n", verdict.error), message,
                  !request.is_head);
}

}  // namespace

std::string AcceptedReply(const Request& request) {
  switch (request.protocol) {
    case Protocol::kSocks4:
      return Socks4ReplyBytes(true);
    case Protocol::kSocks5:
      return Socks5ReplyBytes(Socks5Reply::kSucceeded);
    case Protocol::kConnect:
      return "HTTP/1.1 200 Connection established\r\n\r\n";
    case Protocol::kHttp:
      break;
  }
  return {};
}

std::string FailedReply(const Request& request, const base::Failure& failure) {
  const Verdict verdict = VerdictOf(failure.cause);
  switch (request.protocol) {
    case Protocol::kSocks4:
      return Socks4ReplyBytes(false);
    case Protocol::kSocks5:
      return Socks5ReplyBytes(verdict.socks);
    case Protocol::kConnect:
    case Protocol::kHttp:
      break;
  }
  return HttpFailure(request, verdict, failure);
}

std::string HttpReply(const HttpRefusal& refusal) {
  return HttpText(refusal.status, refusal.reason, {}, refusal.message, true);
}

}  // namespace listener
