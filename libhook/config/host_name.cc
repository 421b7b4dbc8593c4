#include "config/host_name.h"

#include "base/ascii.h"
#include "base/endpoint.h"

namespace config {
namespace {

constexpr size_t kMaxLabel = 63;

bool IsLabelByte(char c) { return base::IsLetterOrDigit(c) || c == '-' || c == '_'; }

bool HasGoodLabels(std::string_view text, bool glob) {
  if (text.ends_with('.')) {
    text.remove_suffix(1);
  }
  if (text.empty() || text.size() > base::kMaxNameLength) {
    return false;
  }
  size_t label = 0;
  bool digits_alone = true;
  for (const char c : text) {
    if (c == '.') {
      if (label == 0) {
        return false;
      }
      label = 0;
      digits_alone = true;
      continue;
    }
    if (++label > kMaxLabel || !(IsLabelByte(c) || (glob && c == '*'))) {
      return false;
    }
    digits_alone = digits_alone && base::IsDigit(c);
  }
  return label > 0 && !digits_alone;
}

}  // namespace

std::string LowerCase(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    c = base::ToLower(c);
  }
  return out;
}

std::string CanonicalName(std::string_view text) {
  return LowerCase(text.ends_with('.') ? text.substr(0, text.size() - 1) : text);
}

bool IsHostName(std::string_view text) { return HasGoodLabels(text, false); }
bool IsHostGlob(std::string_view text) { return HasGoodLabels(text, true); }

bool ParsePort(std::string_view text, uint16_t* out) {
  uint32_t value = 0;
  if (!ParseNumber(text, 65535, &value) || value == 0) {
    return false;
  }
  *out = static_cast<uint16_t>(value);
  return true;
}

bool ParseNumber(std::string_view text, uint32_t limit, uint32_t* out) {
  uint64_t value = 0;
  if (text.empty()) {
    return false;
  }
  for (const char c : text) {
    if (!base::IsDigit(c)) {
      return false;
    }
    value = value * 10 + static_cast<unsigned>(c - '0');
    if (value > limit) {
      return false;
    }
  }
  *out = static_cast<uint32_t>(value);
  return true;
}

}  // namespace config
