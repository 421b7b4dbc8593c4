// `~` and `${VAR}` in the values of a rules file.
#ifndef GOCHAIN_CONFIG_EXPAND_H_
#define GOCHAIN_CONFIG_EXPAND_H_

#include <optional>
#include <string>
#include <string_view>

#include "config/diagnostics.h"

namespace config {

// getenv(3), or what stands in for it: null where the variable isn't set.
using GetenvFn = const char* (*)(const char* name);

// A letter or '_', then letters, digits and '_'.
bool IsVariableName(std::string_view text);
Complaint BadVariableName(std::string_view text);

// The value of a variable that must be set, and hold no control byte.
std::optional<Complaint> TakeVariable(std::string_view name, GetenvFn getenv_fn, std::string* out);

// `${VAR}` is the variable's value, `${VAR:-words}` is `words` where it is unset or empty. A '$'
// before anything else is itself. What was put in is not looked at again.
std::optional<Complaint> ExpandVariables(std::string_view text, GetenvFn getenv_fn,
                                         std::string* out);

// The same for a path, which may start with `~` or `~/`, for HOME. A relative one is joined to
// `folder`, which is empty or ends in '/'.
std::optional<Complaint> ExpandPath(std::string_view text, std::string_view folder,
                                    GetenvFn getenv_fn, std::string* out);

}  // namespace config

#endif  // GOCHAIN_CONFIG_EXPAND_H_
