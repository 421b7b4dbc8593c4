#include "config/utf8.h"

#include <cstddef>
#include <cstdint>

namespace config {

bool IsUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    size_t length = 1;
    uint32_t lowest = 0;
    if (lead >= 0xf0 && lead < 0xf8) {
      length = 4;
      lowest = 0x10000;
    } else if (lead >= 0xe0 && lead < 0xf0) {
      length = 3;
      lowest = 0x800;
    } else if (lead >= 0xc0 && lead < 0xe0) {
      length = 2;
      lowest = 0x80;
    } else if (lead >= 0x80) {
      return false;
    }
    if (length > text.size() - i) {
      return false;
    }
    uint32_t value = length == 1 ? lead : lead & (0xffu >> (length + 1));
    for (size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xc0) != 0x80) {
        return false;
      }
      value = value << 6 | (next & 0x3f);
    }
    if (value < lowest || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) {
      return false;
    }
    i += length;
  }
  return true;
}

int FindControlByte(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte < ' ' && byte != '\t') || byte == 0x7f) {
      return byte;
    }
    if (byte == 0xc2 && i + 1 < text.size()) {
      const auto next = static_cast<unsigned char>(text[i + 1]);
      if (next >= 0x80 && next < 0xa0) {
        return next;
      }
    }
  }
  return -1;
}

std::string ControlByteText(int byte) {
  constexpr char kDigits[] = "0123456789abcdef";
  return std::string("a control byte (0x") + kDigits[(byte >> 4) & 15] + kDigits[byte & 15] + ")";
}

}  // namespace config
