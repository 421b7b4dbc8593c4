// The bytes of DNS messages (RFC 1035 §4.1): what their readers and writers share. Private to this
// folder.
#ifndef GOCHAIN_NAMES_DNS_WIRE_H_
#define GOCHAIN_NAMES_DNS_WIRE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace names::wire {

inline constexpr size_t kHeaderSize = 12;
inline constexpr uint16_t kResponse = 0x8000;
inline constexpr uint16_t kOpcodeMask = 0x7800;
inline constexpr uint16_t kRecursionDesired = 0x0100;
inline constexpr uint16_t kRecursionAvailable = 0x0080;
inline constexpr uint8_t kMaxLabel = 63;
inline constexpr uint8_t kPointer = 0xc0;
inline constexpr uint16_t kClassIn = 1;
// What one of ours may weigh; DNS flag day 2020.
inline constexpr uint16_t kUdpSize = 1232;

inline char LowerCase(uint8_t byte) {
  return static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
}

// Reads forward; once past the end it stays bad and yields zeros.
class Reader {
 public:
  explicit Reader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  size_t position() const { return at_; }

  uint8_t U8() {
    if (at_ >= bytes_.size()) {
      ok_ = false;
      return 0;
    }
    return bytes_[at_++];
  }
  uint16_t U16() {
    const uint8_t high = U8();
    return static_cast<uint16_t>(high << 8 | U8());
  }
  void Skip(size_t count) {
    if (count > bytes_.size() - at_) {
      ok_ = false;
      at_ = bytes_.size();
      return;
    }
    at_ += count;
  }
  void SkipName() {
    for (;;) {
      const uint8_t length = U8();
      if (!ok_ || length == 0) {
        return;
      }
      if ((length & kPointer) == kPointer) {
        U8();
        return;
      }
      Skip(length);
    }
  }

 private:
  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
  bool ok_ = true;
};

class Writer {
 public:
  explicit Writer(std::span<uint8_t> out) : out_(out) {}

  void U8(uint8_t value) {
    if (size_ < out_.size()) {
      out_[size_++] = value;
    } else {
      full_ = true;
    }
  }
  void U16(uint16_t value) {
    U8(static_cast<uint8_t>(value >> 8));
    U8(static_cast<uint8_t>(value));
  }
  void U32(uint32_t value) {
    U16(static_cast<uint16_t>(value >> 16));
    U16(static_cast<uint16_t>(value));
  }
  void Bytes(std::span<const uint8_t> bytes) {
    for (const uint8_t byte : bytes) {
      U8(byte);
    }
  }
  void Name(std::string_view name) {
    while (!name.empty()) {
      const std::string_view label = name.substr(0, name.find('.'));
      full_ = full_ || label.empty() || label.size() > kMaxLabel;
      U8(static_cast<uint8_t>(label.size()));
      for (const char c : label) {
        U8(static_cast<uint8_t>(c));
      }
      name.remove_prefix(label.size() < name.size() ? label.size() + 1 : label.size());
    }
    U8(0);
  }
  size_t Finish() const { return full_ ? 0 : size_; }

 private:
  std::span<uint8_t> out_;
  size_t size_ = 0;
  bool full_ = false;  // or holds what can't be said
};

}  // namespace names::wire

#endif  // GOCHAIN_NAMES_DNS_WIRE_H_
