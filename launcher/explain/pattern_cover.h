// Covers: does one pattern take all that another one takes?
//
// Launcher only, one thread. Looks at patterns alone; which queries never reach a pattern
// (loopback and first hops, see rules.h) is for the caller to know.
#ifndef GOCHAIN_LAUNCHER_EXPLAIN_PATTERN_COVER_H_
#define GOCHAIN_LAUNCHER_EXPLAIN_PATTERN_COVER_H_

#include "config/config.h"

namespace explain {

// True only where each query that `narrow` matches is matched by `wide` too. May be false though
// it is so: of globs and lists only the plain cases are seen.
bool Covers(const config::Config& config, const config::Pattern& wide,
            const config::Pattern& narrow);

}  // namespace explain

#endif  // GOCHAIN_LAUNCHER_EXPLAIN_PATTERN_COVER_H_
