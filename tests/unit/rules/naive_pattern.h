// Patterns and queries as a naive matcher has them, written from the documentation alone: labels as
// words, addresses as bits.
#ifndef GOCHAIN_TESTS_UNIT_RULES_NAIVE_PATTERN_H_
#define GOCHAIN_TESTS_UNIT_RULES_NAIVE_PATTERN_H_

#include <algorithm>
#include <bitset>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace rules {

using Bits = std::bitset<128>;

// An address as the naive matcher sees it: a family and bits, the first one highest.
struct Address {
  bool v4 = true;
  Bits bits;
  std::string text;

  size_t width() const { return v4 ? 32 : 128; }
  friend bool operator==(const Address& a, const Address& b) {
    return a.v4 == b.v4 && a.bits == b.bits;
  }
};

inline Address V4(uint32_t value) {
  Address out;
  out.bits = Bits(value) << 96;
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.text += (shift < 24 ? "." : "") + std::to_string((value >> shift) & 255);
  }
  return out;
}

inline Address V6(uint64_t high, uint64_t low) {
  Address out;
  out.v4 = false;
  out.bits = (Bits(high) << 64) | Bits(low);
  for (const uint64_t half : {high, low}) {
    for (int shift = 48; shift >= 0; shift -= 16) {
      char group[8];
      snprintf(group, sizeof group, "%s%x", out.text.empty() ? "" : ":",
               static_cast<unsigned>((half >> shift) & 0xffff));
      out.text += group;
    }
  }
  return out;
}

inline bool InNetwork(const Address& address, const Address& network, size_t bits) {
  if (address.v4 != network.v4) {
    return false;
  }
  for (size_t i = 0; i < bits; ++i) {
    if (address.bits[127 - i] != network.bits[127 - i]) {
      return false;
    }
  }
  return true;
}

inline Address Network(Address address, size_t bits) {
  const size_t width = address.width();
  for (size_t i = bits; i < width; ++i) {
    address.bits[127 - i] = false;
  }
  const Bits half = Bits(0xffffffffffffffffu);
  return address.v4
             ? V4(static_cast<uint32_t>((address.bits >> 96).to_ullong()))
             : V6(((address.bits >> 64) & half).to_ullong(), (address.bits & half).to_ullong());
}

inline bool IsLoopbackAddress(const Address& address) {
  return InNetwork(address, V4(0x7f000000), 8) || address == V4(0) || address == V6(0, 0) ||
         address == V6(0, 1);
}

inline bool IsPrivateAddress(const Address& address) {
  return InNetwork(address, V4(0x0a000000), 8) || InNetwork(address, V4(0xac100000), 12) ||
         InNetwork(address, V4(0xc0a80000), 16) || InNetwork(address, V4(0x64400000), 10) ||
         InNetwork(address, V4(0xa9fe0000), 16) ||
         InNetwork(address, V6(0xfc00000000000000, 0), 7) ||
         InNetwork(address, V6(0xfe80000000000000, 0), 10);
}

inline std::vector<std::string> Labels(const std::string& name) {
  std::vector<std::string> out(1);
  for (const char c : name) {
    if (c == '.') {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

inline bool LabelGlobTakes(const std::string& glob, const std::string& label) {
  if (glob.empty()) {
    return label.empty();
  }
  if (glob[0] == '*') {
    for (size_t skip = 0; skip <= label.size(); ++skip) {
      if (LabelGlobTakes(glob.substr(1), label.substr(skip))) {
        return true;
      }
    }
    return false;
  }
  return !label.empty() && label[0] == glob[0] && LabelGlobTakes(glob.substr(1), label.substr(1));
}

enum class Form { kEverything, kName, kSelfOrBelow, kBelow, kGlob, kNetwork, kLoopback, kPrivate };

struct NaivePattern {
  Form form = Form::kEverything;
  std::string host;
  Address network;
  size_t bits = 0;
  uint16_t low = 0;
  uint16_t high = 65535;
  std::string exe;
  bool exe_alone = false;
  std::string route;
};

struct NaiveQuery {
  std::string name;
  std::optional<Address> address;
  uint16_t port = 80;
  std::string exe;
};

inline bool IsNameForm(Form form) {
  return form == Form::kName || form == Form::kSelfOrBelow || form == Form::kBelow ||
         form == Form::kGlob;
}

inline bool TakesName(const NaivePattern& pattern, const std::string& name) {
  if (name.empty() || pattern.exe_alone) {
    return false;
  }
  const auto labels = Labels(name);
  const auto of_pattern = Labels(pattern.host);
  if (pattern.form == Form::kGlob) {
    if (labels.size() != of_pattern.size()) {
      return false;
    }
    for (size_t i = 0; i < labels.size(); ++i) {
      if (!LabelGlobTakes(of_pattern[i], labels[i])) {
        return false;
      }
    }
    return true;
  }
  const bool equal = labels == of_pattern;
  const bool below = labels.size() > of_pattern.size() &&
                     std::equal(of_pattern.rbegin(), of_pattern.rend(), labels.rbegin());
  return (pattern.form == Form::kName && equal) || (pattern.form == Form::kBelow && below) ||
         (pattern.form == Form::kSelfOrBelow && (equal || below));
}

inline bool TakesHost(const NaivePattern& pattern, const NaiveQuery& query) {
  if (pattern.exe_alone || pattern.form == Form::kEverything) {
    return true;
  }
  if (IsNameForm(pattern.form)) {
    return TakesName(pattern, query.name);
  }
  if (pattern.form == Form::kLoopback && !query.name.empty() &&
      Labels(query.name).back() == "localhost") {
    return true;
  }
  if (!query.address) {
    return false;
  }
  return pattern.form == Form::kNetwork ? InNetwork(*query.address, pattern.network, pattern.bits)
         : pattern.form == Form::kLoopback ? IsLoopbackAddress(*query.address)
                                           : IsPrivateAddress(*query.address);
}

}  // namespace rules

#endif  // GOCHAIN_TESTS_UNIT_RULES_NAIVE_PATTERN_H_
