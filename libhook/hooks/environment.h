// The variables of a library without a launcher, read without libc's lock: another thread's setenv
// is a race with both. Async-signal-safe.
#ifndef GOCHAIN_HOOKS_ENVIRONMENT_H_
#define GOCHAIN_HOOKS_ENVIRONMENT_H_

#include <string_view>

#include "engine/settings.h"

namespace hooks {

// The value of a variable; nullptr where it isn't set. Of GOCHAIN_* the one that the library was
// loaded with, where the program has dropped it since.
const char* Variable(const char* name);
// The same; empty where it isn't set.
std::string_view VariableText(const char* name);

// What GOCHAIN_LOG and its like say.
void ReadSettings(engine::Settings* out);

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_ENVIRONMENT_H_
