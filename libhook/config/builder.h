// Builder: rules file, -p and environment → the Config image, or every error of them at once.
//
// Runs before COMMAND starts (launcher) or at the first connect (library alone). Not for signal
// handlers in the launcher; in the library it allocates through the library's own operator new.
#ifndef GOCHAIN_CONFIG_BUILDER_H_
#define GOCHAIN_CONFIG_BUILDER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/diagnostics.h"
#include "config/env_change.h"
#include "config/expand.h"
#include "config/list_cache.h"

namespace config {

// getenv(3) of this process.
const char* OwnVariable(const char* name);

// Where this user's runs keep what they have found out; empty: nowhere.
std::string CacheFolder(GetenvFn getenv_fn);

// Where the rules of a run come from, after options and environment were read. See "Where the
// proxies come from" in the contract.
struct Inputs {
  GetenvFn getenv_fn = OwnVariable;     // for what the rules file expands
  std::vector<std::string> proxy_urls;  // -p, or GOCHAIN_PROXY split at commas
  bool urls_from_environment = false;   // GOCHAIN_PROXY: chain `environment`; else chain `cmdline`
  std::string file;                     // path of the rules file to read; empty: none
  std::string all_proxy;                // ALL_PROXY or HTTPS_PROXY: used where nothing else is
  std::string all_proxy_variable;       // which of them, for diagnostics
  std::string no_proxy;                 // its NO_PROXY, as direct rules
  std::string cache_folder;             // where compiled lists are kept; empty: nowhere
};

struct Built {
  std::vector<uint8_t> image;           // empty where there are errors
  std::vector<ListImage> lists;         // those of its lists(), in their order
  std::vector<Diagnostic> diagnostics;  // every error of every input
  std::vector<Diagnostic> warnings;     // never fatal
  std::vector<Diagnostic> notes;        // the same, but only for who asks what a file is worth
  std::vector<EnvChange> env;           // all that are unset, then all that are set
  // Elements of GOPRIVATE and GONOPROXY that @goprivate leaves out, since they have a path.
  std::vector<std::string> go_private_paths;
  // Those that `password_env` names: not for COMMAND.
  std::vector<std::string> password_variables;
};

Built Build(const Inputs& inputs);

// Picks inputs by the contract's order from options (may be empty) and the environment, as
// `getenv_fn` gives it. Returns false where there is no proxy and no rules file at all.
bool FindInputs(const std::string& config_option, const std::vector<std::string>& proxy_options,
                GetenvFn getenv_fn, Inputs* out);

}  // namespace config

#endif  // GOCHAIN_CONFIG_BUILDER_H_
