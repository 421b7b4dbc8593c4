#include "protocol/http_causes.h"

#include <cstddef>

namespace protocol {
namespace {

using base::Cause;
using Speaker = base::Failure::Speaker;

struct Phrase {
  std::string_view text;
  Cause cause;
};

// Squid's error pages and the error types of RFC 9209 §2.3, in X-Squid-Error and Proxy-Status.
constexpr Phrase kErrors[] = {
    // The number is the errno of squid's own connect: Linux, then FreeBSD.
    {"ERR_CONNECT_FAIL 111", Cause::kRefused},
    {"ERR_CONNECT_FAIL 61", Cause::kRefused},
    {"ERR_CONNECT_FAIL 110", Cause::kTimedOut},
    {"ERR_CONNECT_FAIL 60", Cause::kTimedOut},
    {"ERR_CONNECT_FAIL 113", Cause::kHostUnreachable},
    {"ERR_CONNECT_FAIL 65", Cause::kHostUnreachable},
    {"ERR_CONNECT_FAIL 101", Cause::kNetUnreachable},
    {"ERR_CONNECT_FAIL 51", Cause::kNetUnreachable},
    {"ERR_DNS_FAIL 0", Cause::kHostUnreachable},
    {"ERR_CANNOT_FORWARD 0", Cause::kHostUnreachable},  // squid 5: an unknown name
    {"dns_timeout", Cause::kHostUnreachable},
    {"dns_error", Cause::kHostUnreachable},
    {"destination_not_found", Cause::kHostUnreachable},
    {"destination_unavailable", Cause::kHostUnreachable},
    {"destination_ip_unroutable", Cause::kNetUnreachable},
    {"destination_ip_prohibited", Cause::kForbidden},
    {"http_request_denied", Cause::kForbidden},
    {"connection_refused", Cause::kRefused},
    {"connection_terminated", Cause::kRefused},
    {"connection_timeout", Cause::kTimedOut},
};

// Lower case; parts of reason phrases, the more telling ones first.
constexpr Phrase kReasons[] = {
    {"network unreachable", Cause::kNetUnreachable},
    {"network is unreachable", Cause::kNetUnreachable},
    {"unreachable", Cause::kHostUnreachable},
    {"dns", Cause::kHostUnreachable},
    {"resolv", Cause::kHostUnreachable},
    {"unknown host", Cause::kHostUnreachable},
    {"host not found", Cause::kHostUnreachable},
    {"no such", Cause::kHostUnreachable},
    {"not known", Cause::kHostUnreachable},
    {"timed out", Cause::kTimedOut},
    {"timeout", Cause::kTimedOut},
};

bool ContainsIgnoringCase(std::string_view text, std::string_view lower) {
  for (size_t at = 0; at + lower.size() <= text.size(); ++at) {
    size_t i = 0;
    while (i < lower.size() && (text[at + i] | (lower[i] >= 'a' ? 0x20 : 0)) == lower[i]) {
      ++i;
    }
    if (i == lower.size()) {
      return true;
    }
  }
  return false;
}

Cause CauseInReason(std::string_view reason, Cause otherwise) {
  for (const Phrase& phrase : kReasons) {
    if (ContainsIgnoringCase(reason, phrase.text)) {
      return phrase.cause;
    }
  }
  return otherwise;
}

}  // namespace

HttpVerdict JudgeHttpRefusal(unsigned status, std::string_view reason, std::string_view error) {
  for (const Phrase& known : kErrors) {
    if (status >= 500 && error == known.text) {
      return {known.cause, known.cause == Cause::kForbidden ? Speaker::kHop : Speaker::kTarget};
    }
  }
  switch (status) {
    case 404: {
      // Privoxy says "404 No such domain".
      const Cause cause = CauseInReason(reason, Cause::kForbidden);
      return {cause, cause == Cause::kForbidden ? Speaker::kHop : Speaker::kTarget};
    }
    case 408:
      return {Cause::kTimedOut, Speaker::kHop};
    case 501:
    case 505:
      return {Cause::kForbidden, Speaker::kHop};
    case 504:
      return {CauseInReason(reason, Cause::kTimedOut), Speaker::kTarget};
    // Tinyproxy answers so to a wrong password.
    case 401:
    case 511:
      return {Cause::kAuthentication, Speaker::kHop};
    default:
      break;
  }
  if (status < 500) {
    return {Cause::kForbidden, Speaker::kHop};
  }
  return {CauseInReason(reason, Cause::kRefused), Speaker::kTarget};
}

}  // namespace protocol
