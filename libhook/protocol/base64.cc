#include "protocol/base64.h"

namespace protocol {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

Base64Writer& Base64Writer::Append(std::span<const uint8_t> data) {
  for (const uint8_t byte : data) {
    group_ = group_ << 8 | byte;
    if (++bytes_ == 3) {
      for (const unsigned shift : {18u, 12u, 6u, 0u}) {
        out_.Append(kAlphabet[group_ >> shift & 63]);
      }
      group_ = 0;
      bytes_ = 0;
    }
  }
  return *this;
}

Base64Writer& Base64Writer::Append(std::string_view text) {
  return Append({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

void Base64Writer::Finish() {
  if (bytes_ == 0) {
    return;
  }
  const uint32_t group = group_ << (bytes_ == 1 ? 16 : 8);
  out_.Append(kAlphabet[group >> 18]).Append(kAlphabet[group >> 12 & 63]);
  out_.Append(bytes_ == 2 ? kAlphabet[group >> 6 & 63] : '=').Append('=');
  group_ = 0;
  bytes_ = 0;
}

std::optional<size_t> DecodeBase64(std::string_view text, std::span<uint8_t> out) {
  size_t padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }
  if ((text.size() + padding) % 4 != 0) {
    return std::nullopt;
  }
  size_t size = 0;
  uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) {
      return std::nullopt;
    }
    bits = bits << 6 | static_cast<uint32_t>(digit);
    count += 6;
    if (count >= 8) {
      count -= 8;
      if (size == out.size()) {
        return std::nullopt;
      }
      out[size++] = static_cast<uint8_t>(bits >> count);
    }
  }
  return size;
}

}  // namespace protocol
