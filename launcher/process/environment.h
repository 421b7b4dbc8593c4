// The environment that COMMAND is given.
#ifndef GOCHAIN_PROCESS_ENVIRONMENT_H_
#define GOCHAIN_PROCESS_ENVIRONMENT_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/rules_variables.h"
#include "process/job.h"

namespace process {

// What programs take a proxy from; in lower case too.
inline constexpr std::array<const char*, 6> kProxyVariables = {
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY", "SOCKS_PROXY", "NO_PROXY"};

// This process's environment, less the proxy variables (programs would dial that proxy themselves
// and the rules would not apply) and those with proxies' passwords, changed as the rules file says,
// plus what injects the library. `state` is the value of GOCHAIN_STATE.
std::vector<std::string> CommandEnvironment(const Job& job, const std::string& state);

// The same without the library, with the proxy that listens at `port` of 127.0.0.1 in the proxy
// variables. No name is left out of it: that is for the rules to say.
std::vector<std::string> ListenedEnvironment(const Job& job, uint16_t port);

// Of the variables that name rules, as both of these have them.
engine::RulesVariableHashes HashRulesVariables();

}  // namespace process

#endif  // GOCHAIN_PROCESS_ENVIRONMENT_H_
