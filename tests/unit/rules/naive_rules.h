// A naive matcher of rules, written from the documentation alone, with random rules and targets.
// Labels, addresses and ports come from small sets, so that most rules take something.
#ifndef GOCHAIN_TESTS_UNIT_RULES_NAIVE_RULES_H_
#define GOCHAIN_TESTS_UNIT_RULES_NAIVE_RULES_H_

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <string>
#include <vector>

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

class NaiveRules {
 public:
  explicit NaiveRules(Random* random) {
    text_ = "[gochain]\ndefault = ";
    default_ = random->Of(std::array{"direct", "reject", "spare", "both"});
    text_ += default_ + "\n";
    for (const char* const name : {"near", "deep", "spare"}) {
      const bool by_name = random->OneIn(2);
      const NaiveQuery at = RandomTarget(random, by_name);
      hop_of_[name] = at;
      const std::string host = !at.address      ? at.name
                               : at.address->v4 ? at.address->text
                                                : "[" + at.address->text + "]";
      text_ += "[proxy " + std::string(name) + "]\nurl = socks5://" + host + ":" +
               std::to_string(at.port) + "\n";
    }
    text_ += "[chain both]\nhops = near deep\n[rules]\n";
    first_line_ = 1 + static_cast<size_t>(std::ranges::count(text_, '\n'));
    const size_t count = random->Below(12);
    for (size_t i = 0; i < count; ++i) {
      AddPattern(random);
    }
  }

  const std::string& text() const { return text_; }

  // "LINE ROUTE", as Decided() says it below.
  std::string Decide(const NaiveQuery& query) const {
    const bool loopback = (!query.name.empty() && Labels(query.name).back() == "localhost") ||
                          (query.address && IsLoopbackAddress(*query.address));
    const bool first_hop = !loopback && IsFirstHop(query);
    for (size_t i = 0; i < patterns_.size(); ++i) {
      const NaivePattern& pattern = patterns_[i];
      if (TakesHost(pattern, query) && query.port >= pattern.low && query.port <= pattern.high &&
          (pattern.exe.empty() || pattern.exe == query.exe) &&
          (!loopback || NamesLoopback(pattern, query)) && (!first_hop || NamesOne(pattern))) {
        return std::to_string(first_line_ + i) + " " + pattern.route;
      }
    }
    return loopback ? "loopback direct" : first_hop ? "first hop direct" : "default " + default_;
  }

  // The name alone is asked about. A pattern of some ports or one program settles nothing for the
  // others.
  bool NeedsMadeUpAddress(const std::string& name) const {
    const NaiveQuery query{name, std::nullopt, 0, ""};
    const bool localhost = Labels(name).back() == "localhost";
    for (const NaivePattern& pattern : patterns_) {
      if (!TakesHost(pattern, query) || (localhost && !NamesLoopback(pattern, query))) {
        continue;
      }
      if (pattern.route != "direct") {
        return true;
      }
      if (pattern.exe.empty() && pattern.low <= 1 && pattern.high == 65535) {
        return false;
      }
    }
    return !localhost && default_ != "direct";
  }

  bool IsNamed(const std::string& name) const {
    for (const NaivePattern& pattern : patterns_) {
      if (IsNameForm(pattern.form) && TakesName(pattern, name)) {
        return true;
      }
    }
    return false;
  }

  static NaiveQuery RandomTarget(Random* random, bool by_name) {
    NaiveQuery out;
    if (by_name) {
      out.name = RandomName(random);
    } else {
      out.address = RandomAddress(random);
    }
    out.port = random->Of(kPorts);
    return out;
  }

  static std::string RandomName(Random* random) {
    constexpr std::array kLabels = {"a", "b", "ab", "ba", "abab", "x_", "localhost"};
    std::string out = random->Of(kLabels);
    for (size_t more = random->Below(4); more > 0; --more) {
      out = std::string(random->Of(kLabels)) + "." + out;
    }
    return out;
  }

  static Address RandomAddress(Random* random) {
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

 private:
  void AddPattern(Random* random) {
    NaivePattern pattern;
    pattern.form = static_cast<Form>(random->Below(8));
    std::string written;
    switch (pattern.form) {
      case Form::kEverything:
        written = "*";
        break;
      case Form::kName:
      case Form::kSelfOrBelow:
      case Form::kBelow:
        pattern.host = RandomName(random);
        written = (pattern.form == Form::kName          ? ""
                   : pattern.form == Form::kSelfOrBelow ? "."
                                                        : "*.") +
                  pattern.host;
        break;
      case Form::kGlob:
        pattern.host = RandomGlob(random);
        written = pattern.host;
        break;
      case Form::kNetwork: {
        const Address address = RandomAddress(random);
        pattern.bits = random->OneIn(2) ? address.width() : random->Below(address.width() + 1);
        pattern.network = Network(address, pattern.bits);
        const bool alone = pattern.bits == address.width() && random->OneIn(2);
        written = alone && !address.v4 ? "[" + pattern.network.text + "]" : pattern.network.text;
        if (!alone) {
          written += "/" + std::to_string(pattern.bits);
        }
        break;
      }
      case Form::kLoopback:
        written = "@loopback";
        break;
      case Form::kPrivate:
        written = "@private";
        break;
    }
    if (random->OneIn(2)) {
      pattern.low = random->Of(kPorts);
      pattern.high = random->OneIn(2) ? pattern.low : random->Of(kPorts);
      if (pattern.high < pattern.low) {
        std::swap(pattern.high, pattern.low);
      }
      written =
          (written == "*" && random->OneIn(2) ? "" : written) + ":" + std::to_string(pattern.low);
      if (pattern.high > pattern.low) {
        written += "-" + std::to_string(pattern.high);
      }
    }
    if (random->OneIn(4)) {
      pattern.exe = random->Of(std::array{"ssh", "git"});
      written = "exe:" + pattern.exe + "@" + written;
      if (random->OneIn(3)) {
        written = "exe:" + pattern.exe;
        pattern.form = Form::kEverything;
        pattern.exe_alone = true;
        pattern.low = 0;
        pattern.high = 65535;
      }
    }
    pattern.route = random->Of(std::array{"direct", "reject", "near", "both", "spare"});
    text_ += pattern.route + " = " + written + "\n";
    patterns_.push_back(pattern);
  }

  // With a '*' that makes it neither everything nor all below a name.
  static std::string RandomGlob(Random* random) {
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

  static bool NamesLoopback(const NaivePattern& pattern, const NaiveQuery& query) {
    if (pattern.exe_alone) {
      return false;
    }
    if (pattern.form == Form::kNetwork) {
      return pattern.bits == pattern.network.width()
                 ? IsLoopbackAddress(pattern.network)
                 : pattern.bits >= 8 && InNetwork(pattern.network, V4(0x7f000000), 8);
    }
    if (IsNameForm(pattern.form)) {
      // A name of its own that has a loopback address is named by whatever takes the name.
      return Labels(query.name).back() != "localhost" || Labels(pattern.host).back() == "localhost";
    }
    return pattern.form == Form::kLoopback;
  }

  // Does the pattern mean a host, be it by all below a name, and not an area of addresses or ports?
  static bool NamesOne(const NaivePattern& pattern) {
    return !pattern.exe_alone &&
           (IsNameForm(pattern.form) ||
            (pattern.form == Form::kNetwork && pattern.bits == pattern.network.width()));
  }

  // Those that some route begins with. `deep` is the second hop of `both` alone.
  bool IsFirstHop(const NaiveQuery& query) const {
    for (const auto& [name, at] : hop_of_) {
      bool used = name == "near" || default_ == name;
      for (const NaivePattern& pattern : patterns_) {
        used = used || pattern.route == name;
      }
      if (used && at.port == query.port &&
          (at.address ? query.address && *at.address == *query.address : at.name == query.name)) {
        return true;
      }
    }
    return false;
  }

  std::string text_;
  std::string default_;
  size_t first_line_ = 0;
  std::map<std::string, NaiveQuery> hop_of_;
  std::vector<NaivePattern> patterns_;
};

}  // namespace rules

#endif  // GOCHAIN_TESTS_UNIT_RULES_NAIVE_RULES_H_
