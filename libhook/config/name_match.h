// How the patterns of names match. Pure, async-signal-safe, any thread.
#ifndef GOCHAIN_CONFIG_NAME_MATCH_H_
#define GOCHAIN_CONFIG_NAME_MATCH_H_

#include <string_view>

#include "config/config.h"

namespace config {

// Is `name` below `host`, and not `host` itself?
bool IsBelow(std::string_view name, std::string_view host);

// Does a pattern of this kind with this host take `name`? False for kinds that are no names' and
// for an empty name. Both are in lower case and without a final dot.
bool NameMatches(PatternKind kind, std::string_view host, std::string_view name);

}  // namespace config

#endif  // GOCHAIN_CONFIG_NAME_MATCH_H_
