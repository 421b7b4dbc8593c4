// The Digest scheme (RFC 7616; RFC 2069 where a proxy names no qop). Async-signal-safe.
#ifndef GOCHAIN_PROTOCOL_DIGEST_AUTH_H_
#define GOCHAIN_PROTOCOL_DIGEST_AUTH_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "base/text.h"
#include "protocol/hash.h"
#include "protocol/http_auth.h"

namespace protocol {

struct DigestRequest {
  std::string_view method;
  std::string_view uri;
  std::string_view cnonce;
  uint32_t nonce_count = 1;
};

// §3.4.1, in hexadecimal; the view is of `out`. REQUIRES: challenge.scheme == kDigest
std::string_view DigestResponse(const HttpChallenge& challenge, const HttpCredentials& credentials,
                                const DigestRequest& request, std::span<char, Hash::kMaxHex> out);

// `Digest username="…", …`: §3.4.
void WriteDigest(base::TextWriter& out, const HttpChallenge& challenge,
                 const HttpCredentials& credentials, std::string_view method, std::string_view uri,
                 uint32_t nonce_count);

}  // namespace protocol

#endif  // GOCHAIN_PROTOCOL_DIGEST_AUTH_H_
