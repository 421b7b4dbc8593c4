// UTF-16LE of UTF-8 text, as NTLM wants it, without any locale. Async-signal-safe.
#ifndef GOCHAIN_PROTOCOL_UTF16_H_
#define GOCHAIN_PROTOCOL_UTF16_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace protocol {

// Appends to a fixed buffer; what doesn't fit is cut.
class Utf16Writer {
 public:
  explicit Utf16Writer(std::span<uint8_t> buffer) : buffer_(buffer) {}

  // A byte that is no UTF-8 stands for the character of its value (ISO 8859-1).
  Utf16Writer& Append(std::string_view utf8);
  Utf16Writer& AppendUpper(std::string_view utf8);

  std::span<const uint8_t> view() const { return buffer_.first(size_); }
  bool cut() const { return cut_; }

 private:
  void AppendCodePoint(uint32_t value);
  void AppendUnit(uint32_t unit);

  std::span<uint8_t> buffer_;
  size_t size_ = 0;
  bool cut_ = false;
};

// The upper case of a letter that a language written in Latin, Greek or Cyrillic script has;
// phonetic and archaic ones stay as they are, and so do those whose upper case is several
// characters, as on Windows.
uint32_t ToUpper(uint32_t code_point);

}  // namespace protocol

#endif  // GOCHAIN_PROTOCOL_UTF16_H_
