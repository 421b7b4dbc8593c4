// HttpChallenge: what a proxy asks a client to authenticate with (RFC 9110 §11.7.1), and
// HttpOffers, which reads the challenges of one reply and keeps the best.
//
// An HttpChallenge is plain bytes, so that it can be remembered in memory that other processes
// write: its accessors stay inside it whatever its sizes say. Async-signal-safe.
#ifndef GOCHAIN_PROTOCOL_HTTP_CHALLENGE_H_
#define GOCHAIN_PROTOCOL_HTTP_CHALLENGE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "config/config.h"

namespace protocol {

// The stronger, the greater. kNegotiate is for those who ask for it and never chosen here.
enum class HttpScheme : uint8_t { kNone, kBasic, kDigest, kNtlm, kNegotiate };

enum class DigestAlgorithm : uint8_t { kMd5, kMd5Sess, kSha256, kSha256Sess };

struct HttpChallenge {
  static constexpr size_t kMaxText = 768;

  HttpScheme scheme = HttpScheme::kNone;
  // kDigest:
  DigestAlgorithm algorithm = DigestAlgorithm::kMd5;
  uint8_t names_algorithm = 0;  // else MD5 is meant, and not said
  uint8_t qop_auth = 0;         // else as in RFC 2069
  uint8_t user_hash = 0;
  uint8_t has_opaque = 0;
  uint8_t stale = 0;
  uint16_t realm_size = 0;
  uint16_t nonce_size = 0;
  uint16_t opaque_size = 0;
  // kDigest: our own nonce. The same for all requests with the proxy's, as the -sess algorithms
  // want it (RFC 7616 §3.4.2), whichever process sends them.
  std::array<uint8_t, 16> client_nonce{};
  // kDigest: realm, nonce and opaque as they stood between their quotes. kNtlm: the proxy's message
  // (MS-NLMP §2.2.1.2) of nonce_size bytes, where there is one yet.
  std::array<char, kMaxText> text;

  std::string_view realm() const { return Piece(0, realm_size); }
  std::string_view nonce() const { return Piece(realm_size, nonce_size); }
  std::string_view opaque() const { return Piece(size_t{realm_size} + nonce_size, opaque_size); }
  std::span<const uint8_t> message() const {
    const std::string_view bytes = nonce();
    return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
  }

  // False, and nothing is changed, where there is no room or they can't be said back.
  bool SetDigestTexts(std::string_view realm, std::string_view nonce, std::string_view opaque);
  bool SetNonce(std::string_view nonce);

 private:
  std::string_view Piece(size_t at, size_t size) const {
    return at + size <= kMaxText ? std::string_view(text.data() + at, size) : std::string_view();
  }
};

// "Digest"
std::string_view SchemeName(HttpScheme scheme);

// A parameter `NAME=VALUE` of a header's list; the view is what stands between the quotes, if the
// value has them. `name` in lower case.
std::string_view HeaderParameter(std::string_view list, std::string_view name, bool* found);

class HttpOffers {
 public:
  // Only what `auth` allows is kept.
  explicit HttpOffers(config::Auth auth = config::Auth::kAny) : auth_(auth) {}

  // One Proxy-Authenticate header's value; `cut` where its end is missing.
  void Read(std::string_view value, bool cut);
  void Clear();

  // The best of those that can be answered; kNone where there is none.
  const HttpChallenge& best() const { return best_; }
  HttpChallenge& best() { return best_; }
  bool Has(HttpScheme scheme) const { return (seen_ >> static_cast<unsigned>(scheme) & 1) != 0; }
  std::string_view summary() const { return {summary_.data(), summary_size_}; }

 private:
  void Take(std::string_view challenge, bool cut);
  void Note(std::string_view text);
  bool IsAllowed(HttpScheme scheme) const;

  config::Auth auth_;
  uint8_t seen_ = 0;  // a bit for each HttpScheme
  uint8_t summary_size_ = 0;
  std::array<char, 56> summary_;  // `NTLM, Basic realm="x"`, cut
  HttpChallenge best_;
};

}  // namespace protocol

#endif  // GOCHAIN_PROTOCOL_HTTP_CHALLENGE_H_
