// The NTLM scheme as HTTP proxies use it: NTLMv2 (MS-NLMP §3.3.2), without signing, sealing or key
// exchange. It authenticates a connection, by two requests on it. Async-signal-safe.
#ifndef GOCHAIN_PROTOCOL_NTLM_AUTH_H_
#define GOCHAIN_PROTOCOL_NTLM_AUTH_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "base/text.h"
#include "protocol/hash.h"
#include "protocol/http_auth.h"

namespace protocol {

// "corp\alice"; without a backslash it is all the user's, also "alice@corp.example".
struct NtlmName {
  explicit NtlmName(std::string_view text);
  std::string_view domain;
  std::string_view user;
};

// NTOWFv2.
Md5Digest NtlmKey(const NtlmName& name, std::string_view password);

// `NTLM …`: the first request's message (§2.2.1.1).
void WriteNtlmNegotiate(base::TextWriter& out);

// `NTLM …`: the answer (§2.2.1.3) to the message that `challenge` holds. False where that is none,
// or the names are too long.
bool WriteNtlmAuthenticate(base::TextWriter& out, const HttpChallenge& challenge,
                           const HttpCredentials& credentials, const Freshness& fresh);

}  // namespace protocol

#endif  // GOCHAIN_PROTOCOL_NTLM_AUTH_H_
