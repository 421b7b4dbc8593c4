// What an HTTP proxy's refusal means, from the little that proxies say about it.
//
// Statuses alone don't tell: squid answers 503 to a refused, an unreachable and a silent target and
// 500 to an unknown name, tinyproxy answers 500 to all of them. Pure functions.
#ifndef GOCHAIN_PROTOCOL_HTTP_CAUSES_H_
#define GOCHAIN_PROTOCOL_HTTP_CAUSES_H_

#include <string_view>

#include "base/failure.h"

namespace protocol {

struct HttpVerdict {
  base::Cause cause = base::Cause::kRefused;
  base::Failure::Speaker speaker = base::Failure::Speaker::kTarget;
};

// `status` is final and neither 2xx nor 407; `error` is HttpReplyHead::error().
HttpVerdict JudgeHttpRefusal(unsigned status, std::string_view reason, std::string_view error);

}  // namespace protocol

#endif  // GOCHAIN_PROTOCOL_HTTP_CAUSES_H_
