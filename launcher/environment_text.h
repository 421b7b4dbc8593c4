// What --env prints.
#ifndef GOCHAIN_LAUNCHER_ENVIRONMENT_TEXT_H_
#define GOCHAIN_LAUNCHER_ENVIRONMENT_TEXT_H_

#include <string>
#include <string_view>
#include <vector>

#include "config/builder.h"
#include "options.h"

namespace launcher {

inline constexpr std::string_view kKeptProxyVariables =
    "warning: the proxy variables are kept: programs that read them dial that proxy themselves, "
    "and the rules see only the proxy";

// The lines for options.syntax. `built` is of `inputs` and without errors. `remarks` gets what
// standard error is to say; where the result is false that is why there are no lines.
bool EnvironmentText(const Options& options, config::Inputs inputs, const config::Built& built,
                     std::string* text, std::vector<std::string>* remarks);

}  // namespace launcher

#endif  // GOCHAIN_LAUNCHER_ENVIRONMENT_TEXT_H_
