// --explain without a target: what a person would want to know about a rules file that is no error.
//
// Launcher only, one thread.
#ifndef GOCHAIN_LAUNCHER_EXPLAIN_LINT_H_
#define GOCHAIN_LAUNCHER_EXPLAIN_LINT_H_

#include <string>
#include <vector>

#include "config/config.h"
#include "config/diagnostics.h"
#include "engine/settings.h"

namespace explain {

// `warnings` are those of the builder; what the rules themselves show is added. As text: one
// "FILE:LINE: warning: …" a line and a line that counts; as JSON one object a warning.
std::string Lint(const config::Config& config, std::vector<config::Diagnostic> warnings,
                 engine::LogFormat format);

}  // namespace explain

#endif  // GOCHAIN_LAUNCHER_EXPLAIN_LINT_H_
