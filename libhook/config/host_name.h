// Host names and ports as they stand in URLs, patterns and NO_PROXY.
#ifndef GOCHAIN_CONFIG_HOST_NAME_H_
#define GOCHAIN_CONFIG_HOST_NAME_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace config {

std::string LowerCase(std::string_view text);

// The form in which names are compared: lower case, without a final dot.
std::string CanonicalName(std::string_view text);

// Letters, digits, '-' and '_' in labels of 1 to 63 bytes, 253 in all (RFC 1035 §2.3.4); a final
// dot may stand. A last label of digits alone makes no name: it is a mistyped address.
bool IsHostName(std::string_view text);

// The same, with '*' allowed anywhere in a label.
bool IsHostGlob(std::string_view text);

// 1 to 65535, digits alone.
bool ParsePort(std::string_view text, uint16_t* out);

// At most `limit`, digits alone.
bool ParseNumber(std::string_view text, uint32_t limit, uint32_t* out);

}  // namespace config

#endif  // GOCHAIN_CONFIG_HOST_NAME_H_
