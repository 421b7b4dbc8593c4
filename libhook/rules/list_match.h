// Does a list take a target? What holds for one pattern of [rules] holds for each pattern of a
// list: ports, and what has to be meant expressly. Pure, async-signal-safe, any thread.
#ifndef GOCHAIN_RULES_LIST_MATCH_H_
#define GOCHAIN_RULES_LIST_MATCH_H_

#include <cstdint>
#include <string_view>

#include "config/list_view.h"
#include "rules/rules.h"

namespace rules {

// Does any of the list's patterns take `query`?
bool ListTakes(const config::ListView& list, const Query& query, Standing standing);

enum class OnPorts : uint8_t { kNone, kSome, kEvery };

// On which ports does a pattern of the list take `name`, whose address is not known?
OnPorts ListTakesName(const config::ListView& list, std::string_view name, Standing standing);

// True where a name pattern of the list takes `name`, on whatever port.
bool ListNames(const config::ListView& list, std::string_view name);

}  // namespace rules

#endif  // GOCHAIN_RULES_LIST_MATCH_H_
