// Finds the line of a list file that takes a target: a compiled list knows only that one does.
// Reads the file; allocates. For the launcher.
#ifndef GOCHAIN_RULES_LIST_SEARCH_H_
#define GOCHAIN_RULES_LIST_SEARCH_H_

#include <cstdint>
#include <optional>
#include <string>

#include "config/config.h"
#include "rules/rules.h"

namespace rules {

struct ListLine {
  uint32_t line = 0;
  std::string text;  // the pattern, without a comment
};

// The first line of the list that `pattern` names which takes `query`. None: the file can't be read
// or has changed since, or `pattern` names no list.
std::optional<ListLine> FindInList(const config::Config& config, const config::Pattern& pattern,
                                   const Query& query);

}  // namespace rules

#endif  // GOCHAIN_RULES_LIST_SEARCH_H_
