// What a hook has to say before it knows the rules.
#ifndef GOCHAIN_HOOKS_SAY_H_
#define GOCHAIN_HOOKS_SAY_H_

#include <string_view>

#include "engine/settings.h"

namespace hooks {

// Logs a line. Without a launcher's state the settings are read for it, since to make a Process
// would be to parse the rules. Async-signal-safe, safe between vfork and exec.
void SayWithoutRules(engine::LogLevel level, std::string_view line);

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_SAY_H_
