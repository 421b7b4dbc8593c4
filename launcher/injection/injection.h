// Injection: the variables with which a job is routed that never types `gochain` (--env).
//
// They do to the environment of all that follows what a run does to COMMAND's: the library is
// preloaded and told the rules and settings, [env] holds, and the proxy variables go. Reads no
// file and changes nothing.
#ifndef GOCHAIN_INJECTION_INJECTION_H_
#define GOCHAIN_INJECTION_INJECTION_H_

#include <string>
#include <vector>

#include "config/builder.h"
#include "engine/settings.h"

namespace injection {

struct Request {
  // Its file is absolute, and its getenv_fn is the environment that is to be changed.
  config::Inputs inputs;
  std::vector<config::EnvChange> env;  // of the rules file
  engine::Settings settings;
  std::string library;  // absolute
  // Of gochain itself, where the library wouldn't find it; else empty.
  std::string launcher;
  bool keep_proxy_env = false;
};

struct Injection {
  std::vector<config::EnvChange> changes;  // all that are unset, then all that are set
  std::vector<std::string> warnings;
};

// False, with one line in `error`, where variables can't say where the proxies come from, or would
// have to say a password: what is printed ends up in logs and reports.
bool Make(const Request& request, Injection* out, std::string* error);

}  // namespace injection

#endif  // GOCHAIN_INJECTION_INJECTION_H_
