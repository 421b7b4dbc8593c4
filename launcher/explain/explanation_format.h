// An Explanation as a person reads it, and as a program does.
#ifndef GOCHAIN_LAUNCHER_EXPLAIN_EXPLANATION_FORMAT_H_
#define GOCHAIN_LAUNCHER_EXPLAIN_EXPLANATION_FORMAT_H_

#include <string>

#include "config/config.h"
#include "explain/explanation.h"

namespace explain {

// "TARGET -> ROUTE (FILE:LINE: text of the line)", or the reason in place of the line; the details
// indented below it, one a line.
std::string Text(const config::Config& config, const Explanation& explanation);

// One object, with its line end.
std::string Json(const config::Config& config, const Explanation& explanation);

}  // namespace explain

#endif  // GOCHAIN_LAUNCHER_EXPLAIN_EXPLANATION_FORMAT_H_
