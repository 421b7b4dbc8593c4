#include "names/reverse_name.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace names {
namespace {

// The value of `label`, at most `largest`; none for what is no number of that base.
std::optional<unsigned> Value(std::string_view label, unsigned number_base, unsigned largest) {
  unsigned value = 0;
  for (const char c : label) {
    const unsigned digit = c >= '0' && c <= '9'   ? static_cast<unsigned>(c - '0')
                           : c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a') + 10
                                                  : number_base;
    if (digit >= number_base || value > largest) {
      return std::nullopt;
    }
    value = value * number_base + digit;
  }
  return label.empty() || value > largest ? std::nullopt : std::optional(value);
}

// Reads `out.size()` labels, the last byte's first; false where there are others.
template <size_t kLabels>
bool ReadLabels(std::string_view name, unsigned number_base, unsigned largest,
                std::array<uint8_t, kLabels>* out) {
  for (size_t i = 0; i < kLabels; ++i) {
    const std::string_view label = name.substr(0, name.find('.'));
    const auto value = Value(label, number_base, largest);
    const bool last = label.size() == name.size();
    if (!value || last != (i + 1 == kLabels)) {
      return false;
    }
    (*out)[kLabels - 1 - i] = static_cast<uint8_t>(*value);
    name.remove_prefix(last ? label.size() : label.size() + 1);
  }
  return true;
}

}  // namespace

std::optional<base::IpAddress> ParseReverseName(std::string_view name) {
  constexpr std::string_view kV4 = ".in-addr.arpa";
  constexpr std::string_view kV6 = ".ip6.arpa";
  std::array<uint8_t, 4> v4;
  if (name.ends_with(kV4) && ReadLabels(name.substr(0, name.size() - kV4.size()), 10, 255, &v4)) {
    return base::IpAddress::V4Bytes(v4);
  }
  std::array<uint8_t, 32> digits;
  // A label is one digit: "00" is none.
  if (name.size() != 2 * digits.size() - 1 + kV6.size() || !name.ends_with(kV6) ||
      !ReadLabels(name.substr(0, name.size() - kV6.size()), 16, 15, &digits)) {
    return std::nullopt;
  }
  std::array<uint8_t, 16> v6;
  for (size_t i = 0; i < v6.size(); ++i) {
    v6[i] = static_cast<uint8_t>(digits[2 * i] << 4 | digits[2 * i + 1]);
  }
  return base::IpAddress::V6Bytes(v6);
}

}  // namespace names
