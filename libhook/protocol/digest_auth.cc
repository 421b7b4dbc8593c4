#include "protocol/digest_auth.h"

#include <array>

namespace protocol {
namespace {

using Hex = std::array<char, Hash::kMaxHex>;

constexpr std::string_view kAlgorithmNames[] = {"MD5", "MD5-sess", "SHA-256", "SHA-256-sess"};

Hash::Kind KindOf(DigestAlgorithm algorithm) {
  return algorithm >= DigestAlgorithm::kSha256 ? Hash::Kind::kSha256 : Hash::Kind::kMd5;
}

bool IsSession(DigestAlgorithm algorithm) {
  return algorithm == DigestAlgorithm::kMd5Sess || algorithm == DigestAlgorithm::kSha256Sess;
}

using Count = std::array<char, 8>;

std::string_view CountText(uint32_t nonce_count, Count& out) {
  for (size_t i = 0; i < out.size(); ++i) {
    out[i] = "0123456789abcdef"[nonce_count >> (28 - 4 * i) & 15];
  }
  return {out.data(), out.size()};
}

void WriteQuoted(base::TextWriter& out, std::string_view text) {
  out.Append('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.Append('\\');
    }
    out.Append(c);
  }
  out.Append('"');
}

}  // namespace

std::string_view DigestResponse(const HttpChallenge& challenge, const HttpCredentials& credentials,
                                const DigestRequest& request, std::span<char, Hash::kMaxHex> out) {
  Hash hash(KindOf(challenge.algorithm));
  Hex secret_buffer;
  std::string_view secret = hash.Add(credentials.user)
                                .Add(":")
                                .Add(challenge.realm())
                                .Add(":")
                                .Add(credentials.password)
                                .FinishHex(secret_buffer);
  if (IsSession(challenge.algorithm)) {
    secret = hash.Add(secret)
                 .Add(":")
                 .Add(challenge.nonce())
                 .Add(":")
                 .Add(request.cnonce)
                 .FinishHex(secret_buffer);
  }
  Hex data_buffer;
  const std::string_view data =
      hash.Add(request.method).Add(":").Add(request.uri).FinishHex(data_buffer);
  hash.Add(secret).Add(":").Add(challenge.nonce()).Add(":");
  if (challenge.qop_auth != 0) {
    Count count;
    hash.Add(CountText(request.nonce_count, count)).Add(":").Add(request.cnonce).Add(":auth:");
  }
  return hash.Add(data).FinishHex(out);
}

void WriteDigest(base::TextWriter& out, const HttpChallenge& challenge,
                 const HttpCredentials& credentials, std::string_view method, std::string_view uri,
                 uint32_t nonce_count) {
  std::array<char, 2 * sizeof challenge.client_nonce> cnonce_buffer;
  size_t size = 0;
  for (const uint8_t byte : challenge.client_nonce) {
    cnonce_buffer[size++] = "0123456789abcdef"[byte >> 4];
    cnonce_buffer[size++] = "0123456789abcdef"[byte & 15];
  }
  const std::string_view cnonce(cnonce_buffer.data(), cnonce_buffer.size());
  Hex hex;
  out.Append("Digest username=");
  if (challenge.user_hash != 0) {
    Hash hash(KindOf(challenge.algorithm));
    hash.Add(credentials.user).Add(":").Add(challenge.realm());
    out.Append('"').Append(hash.FinishHex(hex)).Append('"');
  } else {
    WriteQuoted(out, credentials.user);
  }
  // As they came: what is between their quotes may be escaped already.
  out.Append(", realm=\"").Append(challenge.realm());
  out.Append("\", nonce=\"").Append(challenge.nonce()).Append("\", uri=\"").Append(uri);
  const DigestRequest request{method, uri, cnonce, nonce_count};
  out.Append("\", response=\"").Append(DigestResponse(challenge, credentials, request, hex));
  out.Append('"');
  if (challenge.names_algorithm != 0) {
    out.Append(", algorithm=").Append(kAlgorithmNames[static_cast<size_t>(challenge.algorithm)]);
  }
  if (challenge.has_opaque != 0) {
    out.Append(", opaque=\"").Append(challenge.opaque()).Append('"');
  }
  if (challenge.qop_auth != 0) {
    Count count;
    out.Append(", qop=auth, nc=").Append(CountText(nonce_count, count));
  }
  if (challenge.qop_auth != 0 || IsSession(challenge.algorithm)) {
    out.Append(", cnonce=\"").Append(cnonce).Append('"');
  }
  if (challenge.user_hash != 0) {
    out.Append(", userhash=true");
  }
}

}  // namespace protocol
