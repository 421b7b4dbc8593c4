// Random patterns and targets. Labels, addresses and ports come from small sets, so that most
// patterns take something.
#ifndef GOCHAIN_TESTS_UNIT_RULES_RANDOM_PATTERN_H_
#define GOCHAIN_TESTS_UNIT_RULES_RANDOM_PATTERN_H_

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <utility>

#include "naive_pattern.h"

namespace rules {

inline constexpr uint16_t kPorts[] = {1, 2, 79, 80, 81, 443, 1080, 65534, 65535};

class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}
  size_t Below(size_t limit) { return engine_() % limit; }
  bool OneIn(size_t n) { return Below(n) == 0; }
  template <typename T>
  auto Of(const T& choices) {
    return choices[Below(std::size(choices))];
  }

 private:
  std::mt19937 engine_;
};

inline std::string RandomName(Random* random) {
  constexpr std::array kLabels = {"a", "b", "ab", "ba", "abab", "x_", "localhost"};
  std::string out = random->Of(kLabels);
  for (size_t more = random->Below(4); more > 0; --more) {
    out = std::string(random->Of(kLabels)) + "." + out;
  }
  return out;
}

inline Address RandomAddress(Random* random) {
  if (random->OneIn(3)) {
    constexpr uint64_t kHighs[] = {0, 0xfd00000000000000, 0xfe80000000000000, 0x20010db800000000,
                                   0x20010db800000001};
    return V6(random->Of(kHighs), random->Below(4));
  }
  constexpr uint32_t kBases[] = {0,          0x7f000000, 0x7fff0000, 0x0a000000,
                                 0xac100000, 0xc0a80000, 0x64400000, 0xa9fe0000,
                                 0xc0000200, 0xc0000280, 0xc6336400, 0x80000000};
  return V4(random->Of(kBases) + static_cast<uint32_t>(random->Below(4)));
}

inline NaiveQuery RandomTarget(Random* random, bool by_name) {
  NaiveQuery out;
  if (by_name) {
    out.name = RandomName(random);
  } else {
    out.address = RandomAddress(random);
  }
  out.port = random->Of(kPorts);
  return out;
}

// With a '*' that makes it neither everything nor all below a name.
inline std::string RandomGlob(Random* random) {
  while (true) {
    std::string out = RandomName(random);
    for (size_t stars = 1 + random->Below(3); stars > 0; --stars) {
      out.insert(random->Below(out.size() + 1), "*");
    }
    if (out.find('*', out.starts_with("*.") ? 2 : 0) != std::string::npos && out != "*") {
      return out;
    }
  }
}

// A pattern of any form for any program, and how it is written.
inline NaivePattern RandomPattern(Random* random, std::string* written) {
  NaivePattern pattern;
  pattern.form = static_cast<Form>(random->Below(8));
  switch (pattern.form) {
    case Form::kEverything:
      *written = "*";
      break;
    case Form::kName:
    case Form::kSelfOrBelow:
    case Form::kBelow:
      pattern.host = RandomName(random);
      *written = (pattern.form == Form::kName          ? ""
                  : pattern.form == Form::kSelfOrBelow ? "."
                                                       : "*.") +
                 pattern.host;
      break;
    case Form::kGlob:
      pattern.host = RandomGlob(random);
      *written = pattern.host;
      break;
    case Form::kNetwork: {
      const Address address = RandomAddress(random);
      pattern.bits = random->OneIn(2) ? address.width() : random->Below(address.width() + 1);
      pattern.network = Network(address, pattern.bits);
      const bool alone = pattern.bits == address.width() && random->OneIn(2);
      *written = alone && !address.v4 ? "[" + pattern.network.text + "]" : pattern.network.text;
      if (!alone) {
        *written += "/" + std::to_string(pattern.bits);
      }
      break;
    }
    case Form::kLoopback:
      *written = "@loopback";
      break;
    case Form::kPrivate:
      *written = "@private";
      break;
  }
  if (random->OneIn(2)) {
    pattern.low = random->Of(kPorts);
    pattern.high = random->OneIn(2) ? pattern.low : random->Of(kPorts);
    if (pattern.high < pattern.low) {
      std::swap(pattern.high, pattern.low);
    }
    *written =
        (*written == "*" && random->OneIn(2) ? "" : *written) + ":" + std::to_string(pattern.low);
    if (pattern.high > pattern.low) {
      *written += "-" + std::to_string(pattern.high);
    }
  }
  return pattern;
}

}  // namespace rules

#endif  // GOCHAIN_TESTS_UNIT_RULES_RANDOM_PATTERN_H_
