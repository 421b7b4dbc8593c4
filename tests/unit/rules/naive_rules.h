// A naive matcher of rules, written from the documentation alone, with random rules.
#ifndef GOCHAIN_TESTS_UNIT_RULES_NAIVE_RULES_H_
#define GOCHAIN_TESTS_UNIT_RULES_NAIVE_RULES_H_

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <vector>

#include "naive_pattern.h"
#include "random_pattern.h"

namespace rules {

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

 private:
  void AddPattern(Random* random) {
    std::string written;
    NaivePattern pattern = RandomPattern(random, &written);
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
