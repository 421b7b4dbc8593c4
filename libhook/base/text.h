// TextWriter: appends text to a fixed buffer, cutting what doesn't fit. Async-signal-safe.
#ifndef GOCHAIN_BASE_TEXT_H_
#define GOCHAIN_BASE_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace base {

class TextWriter {
 public:
  explicit TextWriter(std::span<char> buffer) : buffer_(buffer) {}

  TextWriter& Append(std::string_view text) {
    const size_t room = buffer_.size() - size_;
    const size_t take = text.size() < room ? text.size() : room;
    cut_ = cut_ || take < text.size();
    std::memcpy(buffer_.data() + size_, text.data(), take);
    size_ += take;
    return *this;
  }
  TextWriter& Append(char c) { return Append(std::string_view(&c, 1)); }
  TextWriter& AppendNumber(uint64_t value) { return AppendInBase(value, 10); }
  TextWriter& AppendHex(uint64_t value) { return AppendInBase(value, 16); }
  // `value` with at least `digits` digits, zeros in front.
  TextWriter& AppendPadded(uint64_t value, size_t digits) {
    uint64_t limit = 1;
    for (size_t i = 1; i < digits; ++i) {
      limit *= 10;
      if (value < limit) {
        for (size_t zeros = digits - i; zeros > 0; --zeros) {
          Append('0');
        }
        return AppendNumber(value);
      }
    }
    return AppendNumber(value);
  }

  std::string_view view() const { return {buffer_.data(), size_}; }
  bool cut() const { return cut_; }

 private:
  TextWriter& AppendInBase(uint64_t value, unsigned number_base) {
    char digits[20];
    size_t at = sizeof digits;
    do {
      digits[--at] = "0123456789abcdef"[value % number_base];
      value /= number_base;
    } while (value != 0);
    return Append(std::string_view(digits + at, sizeof digits - at));
  }

  std::span<char> buffer_;
  size_t size_ = 0;
  bool cut_ = false;
};

}  // namespace base

#endif  // GOCHAIN_BASE_TEXT_H_
