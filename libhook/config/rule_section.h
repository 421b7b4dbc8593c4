// RuleReader: what [rules] says.
#ifndef GOCHAIN_CONFIG_RULE_SECTION_H_
#define GOCHAIN_CONFIG_RULE_SECTION_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/env_change.h"
#include "config/goprivate.h"
#include "config/ini_file.h"
#include "config/pattern_parser.h"
#include "config/rules_context.h"

namespace config {

class RuleReader {
 public:
  explicit RuleReader(RulesContext* context) : context_(context) {}

  // What [env] does, which @goprivate sees. Borrowed; to be called before Read().
  void SetEnv(std::span<const EnvChange> env) { env_ = env; }
  // False: the line's continuations are to be left out too.
  bool Read(const IniEntry& entry);
  // The elements of GOPRIVATE and its like that no host decides, where a rule asks for them.
  std::vector<std::string> Finish();

 private:
  void ReadPattern(std::string_view word, const IniEntry& entry);
  void AddGoPrivate(ParsedPattern parsed, std::string_view word, const IniEntry& entry);
  void FinishRule();

  RulesContext* context_;
  std::span<const EnvChange> env_;
  std::optional<GoPrivate> go_private_;  // once it was asked for
  // The rule at hand.
  std::optional<Route> route_;
  Place rule_place_;
  bool has_pattern_ = false;
};

}  // namespace config

#endif  // GOCHAIN_CONFIG_RULE_SECTION_H_
