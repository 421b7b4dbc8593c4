// The names that DNS looks addresses up by: in-addr.arpa (RFC 1035 §3.5) and ip6.arpa (RFC 3596
// §2.5). Pure.
#ifndef GOCHAIN_NAMES_REVERSE_NAME_H_
#define GOCHAIN_NAMES_REVERSE_NAME_H_

#include <optional>
#include <string_view>

#include "base/endpoint.h"

namespace names {

// The address that "7.2.0.192.in-addr.arpa" or its like of 32 hexadecimal digits asks about. `name`
// is in lower case.
std::optional<base::IpAddress> ParseReverseName(std::string_view name);

}  // namespace names

#endif  // GOCHAIN_NAMES_REVERSE_NAME_H_
