// JsonText: a string of a JSON line.
#ifndef GOCHAIN_LAUNCHER_EXPLAIN_JSON_TEXT_H_
#define GOCHAIN_LAUNCHER_EXPLAIN_JSON_TEXT_H_

#include <string>
#include <string_view>

namespace explain {

// `text` in quotes, escaped as RFC 8259 §7 demands and no further.
std::string JsonText(std::string_view text);

}  // namespace explain

#endif  // GOCHAIN_LAUNCHER_EXPLAIN_JSON_TEXT_H_
