#include "protocol/hash.h"

#include <cstring>

namespace protocol {

Hash::Hash(Kind kind) : kind_(kind) {
  switch (kind_) {
    case Kind::kMd4:
      md4_init(&context_.md4);
      break;
    case Kind::kMd5:
      md5_init(&context_.md5);
      break;
    case Kind::kSha256:
      sha256_init(&context_.sha256);
      break;
  }
}

Hash& Hash::Add(std::span<const uint8_t> data) {
  switch (kind_) {
    case Kind::kMd4:
      md4_update(&context_.md4, data.size(), data.data());
      break;
    case Kind::kMd5:
      md5_update(&context_.md5, data.size(), data.data());
      break;
    case Kind::kSha256:
      sha256_update(&context_.sha256, data.size(), data.data());
      break;
  }
  return *this;
}

Hash& Hash::Add(std::string_view text) {
  return Add({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

std::span<const uint8_t> Hash::Finish(std::span<uint8_t, kMaxDigest> out) {
  switch (kind_) {
    case Kind::kMd4:
      md4_digest(&context_.md4, MD4_DIGEST_SIZE, out.data());
      return out.first<MD4_DIGEST_SIZE>();
    case Kind::kMd5:
      md5_digest(&context_.md5, MD5_DIGEST_SIZE, out.data());
      return out.first<MD5_DIGEST_SIZE>();
    case Kind::kSha256:
      break;
  }
  sha256_digest(&context_.sha256, SHA256_DIGEST_SIZE, out.data());
  return out;
}

std::string_view Hash::FinishHex(std::span<char, kMaxHex> out) {
  std::array<uint8_t, kMaxDigest> digest;
  size_t size = 0;
  for (const uint8_t byte : Finish(digest)) {
    out[size++] = "0123456789abcdef"[byte >> 4];
    out[size++] = "0123456789abcdef"[byte & 15];
  }
  return {out.data(), size};
}

HmacMd5::HmacMd5(std::span<const uint8_t> key) {
  std::memcpy(key_.data(), key.data(), key.size());
  for (uint8_t& byte : key_) {
    byte ^= 0x36;
  }
  inner_.Add(key_);
}

HmacMd5& HmacMd5::Add(std::span<const uint8_t> data) {
  inner_.Add(data);
  return *this;
}

Md5Digest HmacMd5::Finish() {
  for (uint8_t& byte : key_) {
    byte ^= 0x36 ^ 0x5c;
  }
  std::array<uint8_t, Hash::kMaxDigest> digest;
  const std::span<const uint8_t> inner = inner_.Finish(digest);
  const std::span<const uint8_t> outer = Hash(Hash::Kind::kMd5).Add(key_).Add(inner).Finish(digest);
  Md5Digest out;
  std::memcpy(out.data(), outer.data(), out.size());
  return out;
}

}  // namespace protocol
