// Which names are the own host's (RFC 6761 §6.3).
#ifndef GOCHAIN_RULES_LOCALHOST_H_
#define GOCHAIN_RULES_LOCALHOST_H_

#include <string_view>

#include "config/name_match.h"

namespace rules {

inline bool IsLocalhost(std::string_view name) {
  constexpr std::string_view kLocalhost = "localhost";
  return name == kLocalhost || config::IsBelow(name, kLocalhost);
}

}  // namespace rules

#endif  // GOCHAIN_RULES_LOCALHOST_H_
