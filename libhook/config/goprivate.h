// What Go's GOPRIVATE and GONOPROXY say about hosts, as `go env` would give them to COMMAND.
#ifndef GOCHAIN_CONFIG_GOPRIVATE_H_
#define GOCHAIN_CONFIG_GOPRIVATE_H_

#include <span>
#include <string>
#include <vector>

#include "config/env_change.h"
#include "config/expand.h"

namespace config {

struct GoPrivate {
  std::vector<std::string> globs;      // over whole hosts, in lower case
  std::vector<std::string> paths;      // have a path, as "github.com/acme": no host decides them
  std::vector<std::string> malformed;  // no good globs
};

// Of each variable the first of these that isn't empty counts: [env], the environment, the file of
// `go env -w`.
GoPrivate ReadGoPrivate(std::span<const EnvChange> changes, GetenvFn getenv_fn);

}  // namespace config

#endif  // GOCHAIN_CONFIG_GOPRIVATE_H_
