#include "protocol/utf16.h"

namespace protocol {
namespace {

// Letters of which every second is the upper case of the one behind it, from `first` to `last`.
struct Pairs {
  uint32_t first;
  uint32_t last;
};
constexpr Pairs kPairs[] = {{0x100, 0x12f}, {0x132, 0x137},   {0x139, 0x148},  {0x14a, 0x177},
                            {0x179, 0x17e}, {0x1a0, 0x1a5},   {0x1af, 0x1b0},  {0x1cd, 0x1dc},
                            {0x1de, 0x1ef}, {0x1f8, 0x21f},   {0x222, 0x233},  {0x370, 0x373},
                            {0x3d8, 0x3ef}, {0x460, 0x481},   {0x48a, 0x4bf},  {0x4c1, 0x4ce},
                            {0x4d0, 0x52f}, {0x1e00, 0x1e95}, {0x1ea0, 0x1eff}};

// Letters `first` to `last`, whose upper case lies `distance` before them.
struct Shift {
  uint32_t first;
  uint32_t last;
  uint32_t distance;
};
constexpr Shift kShifts[] = {{'a', 'z', 0x20},     {0xe0, 0xf6, 0x20},   {0xf8, 0xfe, 0x20},
                             {0x3ac, 0x3ac, 0x26}, {0x3ad, 0x3af, 0x25}, {0x3b1, 0x3c1, 0x20},
                             {0x3c2, 0x3c2, 0x1f}, {0x3c3, 0x3cb, 0x20}, {0x3cc, 0x3cc, 0x40},
                             {0x3cd, 0x3ce, 0x3f}, {0x430, 0x44f, 0x20}, {0x450, 0x45f, 0x50},
                             {0x4cf, 0x4cf, 0xf}};

// Takes the next character off `text`, which isn't empty.
uint32_t NextCodePoint(std::string_view* text) {
  const auto lead = static_cast<unsigned char>(text->front());
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  bool is_good = lead < 0x80 || (lead >= 0xc2 && lead < 0xf5 && length <= text->size());
  uint32_t value = length == 1 ? lead : lead & (0xffu >> (length + 1));
  for (size_t i = 1; is_good && i < length; ++i) {
    const auto next = static_cast<unsigned char>((*text)[i]);
    is_good = (next & 0xc0) == 0x80;
    value = value << 6 | (next & 0x3f);
  }
  constexpr uint32_t kLowest[] = {0, 0, 0x80, 0x800, 0x10000};
  is_good = is_good && value >= kLowest[length] && value <= 0x10ffff &&
            (value < 0xd800 || value > 0xdfff);
  text->remove_prefix(is_good ? length : 1);
  return is_good ? value : lead;
}

}  // namespace

Utf16Writer& Utf16Writer::Append(std::string_view utf8) {
  while (!utf8.empty()) {
    AppendCodePoint(NextCodePoint(&utf8));
  }
  return *this;
}

Utf16Writer& Utf16Writer::AppendUpper(std::string_view utf8) {
  while (!utf8.empty()) {
    AppendCodePoint(ToUpper(NextCodePoint(&utf8)));
  }
  return *this;
}

void Utf16Writer::AppendCodePoint(uint32_t value) {
  if (value < 0x10000) {
    AppendUnit(value);
  } else {
    AppendUnit(0xd800 + ((value - 0x10000) >> 10));
    AppendUnit(0xdc00 + (value & 0x3ff));
  }
}

void Utf16Writer::AppendUnit(uint32_t unit) {
  if (buffer_.size() - size_ < 2) {
    cut_ = true;
    return;
  }
  buffer_[size_++] = static_cast<uint8_t>(unit);
  buffer_[size_++] = static_cast<uint8_t>(unit >> 8);
}

uint32_t ToUpper(uint32_t code_point) {
  for (const Shift& shift : kShifts) {
    if (code_point >= shift.first && code_point <= shift.last) {
      return code_point - shift.distance;
    }
  }
  for (const Pairs& pairs : kPairs) {
    if (code_point >= pairs.first && code_point <= pairs.last) {
      return (code_point - pairs.first) % 2 == 1 ? code_point - 1 : code_point;
    }
  }
  return code_point == 0xff ? 0x178 : code_point;
}

}  // namespace protocol
