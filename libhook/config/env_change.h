// What [env] does to the environment of COMMAND. The launcher's alone: it stands in no image.
#ifndef GOCHAIN_CONFIG_ENV_CHANGE_H_
#define GOCHAIN_CONFIG_ENV_CHANGE_H_

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/expand.h"

namespace config {

struct EnvChange {
  std::string name;
  std::string value;
  bool unset = false;  // and `value` is empty
};

// A variable as COMMAND will see it; none where it won't.
std::optional<std::string> CommandVariable(std::span<const EnvChange> changes,
                                           std::string_view name, GetenvFn getenv_fn);

}  // namespace config

#endif  // GOCHAIN_CONFIG_ENV_CHANGE_H_
