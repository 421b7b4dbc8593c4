// Hash: MD4, MD5 and SHA-256 (RFC 1320, 1321, 6234) as HTTP's Digest and NTLM use them.
//
// The work is nettle's, of which the build takes these functions alone (scripts/nettle-object).
// Plain value, no allocation, async-signal-safe.
#ifndef GOCHAIN_PROTOCOL_HASH_H_
#define GOCHAIN_PROTOCOL_HASH_H_

#include <nettle/md4.h>
#include <nettle/md5.h>
#include <nettle/sha2.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace protocol {

using Md5Digest = std::array<uint8_t, MD5_DIGEST_SIZE>;

class Hash {
 public:
  enum class Kind : uint8_t { kMd4, kMd5, kSha256 };

  static constexpr size_t kMaxDigest = SHA256_DIGEST_SIZE;
  static constexpr size_t kMaxHex = 2 * kMaxDigest;

  explicit Hash(Kind kind);

  Hash& Add(std::span<const uint8_t> data);
  Hash& Add(std::string_view text);
  // The digest; the view is of `out`. The hash is as new afterwards.
  std::span<const uint8_t> Finish(std::span<uint8_t, kMaxDigest> out);
  // The same in lower-case hexadecimal digits.
  std::string_view FinishHex(std::span<char, kMaxHex> out);

 private:
  union Context {
    md4_ctx md4;
    md5_ctx md5;
    sha256_ctx sha256;
  };

  Kind kind_;
  Context context_;
};

// RFC 2104.
class HmacMd5 {
 public:
  explicit HmacMd5(std::span<const uint8_t> key);  // REQUIRES: at most 64 bytes

  HmacMd5& Add(std::span<const uint8_t> data);
  Md5Digest Finish();

 private:
  std::array<uint8_t, MD5_BLOCK_SIZE> key_{};
  Hash inner_{Hash::Kind::kMd5};
};

}  // namespace protocol

#endif  // GOCHAIN_PROTOCOL_HASH_H_
