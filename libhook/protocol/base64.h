// Base64 (RFC 4648 §4) to and from fixed buffers. Async-signal-safe.
#ifndef GOCHAIN_PROTOCOL_BASE64_H_
#define GOCHAIN_PROTOCOL_BASE64_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/text.h"

namespace protocol {

// Encodes what comes in pieces. What doesn't fit is cut, as TextWriter cuts.
class Base64Writer {
 public:
  explicit Base64Writer(base::TextWriter& out) : out_(out) {}

  Base64Writer& Append(std::span<const uint8_t> data);
  Base64Writer& Append(std::string_view text);
  void Finish();  // writes the last group with its padding

 private:
  base::TextWriter& out_;
  uint32_t group_ = 0;
  unsigned bytes_ = 0;  // in `group_`
};

// How many bytes were put into `out`; none where `text` is no base64 or there is no room for it.
std::optional<size_t> DecodeBase64(std::string_view text, std::span<uint8_t> out);

}  // namespace protocol

#endif  // GOCHAIN_PROTOCOL_BASE64_H_
