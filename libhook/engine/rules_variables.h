// The variables that name rules, as a run's processes compare them: under a launcher its rules hold
// whatever a program writes there, and a person who changes one shall hear of it.
#ifndef GOCHAIN_ENGINE_RULES_VARIABLES_H_
#define GOCHAIN_ENGINE_RULES_VARIABLES_H_

#include <array>
#include <cstdint>
#include <string_view>

namespace engine {

inline constexpr std::array kRulesVariables = {"GOCHAIN_CONF", "GOCHAIN_PROXY"};

// Of each of them; 0: it is unset or empty.
using RulesVariableHashes = std::array<uint64_t, kRulesVariables.size()>;

// FNV-1a, never 0 for a value.
constexpr uint64_t HashOfRulesVariable(std::string_view value) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : value) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return value.empty() ? 0 : hash | 1;
}

}  // namespace engine

#endif  // GOCHAIN_ENGINE_RULES_VARIABLES_H_
