// Go's path.Match over a host name, as GOPRIVATE is read: `*` stands for any bytes, dots too, `?`
// for one byte, `[a-z]` and `[^a-z]` for one of a class; a backslash takes the next byte as it is.
// Pure, async-signal-safe, any thread.
#ifndef GOCHAIN_CONFIG_GO_GLOB_H_
#define GOCHAIN_CONFIG_GO_GLOB_H_

#include <string_view>

namespace config {

// False for what path.Match calls ErrBadPattern: a class that is empty or has no ']', a range
// without its end, a backslash at the end.
bool IsGoGlob(std::string_view glob);

// REQUIRES: IsGoGlob(glob); of another one any answer may come.
bool GoGlobTakes(std::string_view glob, std::string_view name);

}  // namespace config

#endif  // GOCHAIN_CONFIG_GO_GLOB_H_
