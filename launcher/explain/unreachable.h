// What of a rules file can never match, since something above it takes all that it would take.
//
// Launcher only, one thread.
#ifndef GOCHAIN_LAUNCHER_EXPLAIN_UNREACHABLE_H_
#define GOCHAIN_LAUNCHER_EXPLAIN_UNREACHABLE_H_

#include <vector>

#include "config/config.h"
#include "config/diagnostics.h"

namespace explain {

// The patterns of [rules], then the [rewrite]s, one warning each. Silent where it isn't sure: a
// pattern that several others take together, or one whose names could turn out to be this
// machine's.
std::vector<config::Diagnostic> FindUnreachable(const config::Config& config);

// Where `pattern` and those behind it stand for one word of the file, as one @goprivate does for
// many: how many they are. REQUIRES: `index` is the first of them.
size_t PatternsOfWord(const config::Config& config, size_t index);

}  // namespace explain

#endif  // GOCHAIN_LAUNCHER_EXPLAIN_UNREACHABLE_H_
