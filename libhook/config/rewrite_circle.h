// Tells whether rewrites lead in a circle: from one of them to others and back.
#ifndef GOCHAIN_CONFIG_REWRITE_CIRCLE_H_
#define GOCHAIN_CONFIG_REWRITE_CIRCLE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/endpoint.h"
#include "config/pattern_parser.h"

namespace config {

// One [rewrite]: what it takes, and what it makes of it.
struct RewriteStep {
  ParsedPattern from;
  std::string to_host;  // a name; empty: `to_address`, or the host stays
  bool to_is_address = false;
  base::IpAddress to_address;
  uint16_t to_port = 0;  // 0: the port stays
};

// Longer circles aren't looked for, so that the search ends soon; a connection takes fewer steps.
inline constexpr size_t kLongestRewriteCircle = 32;

// The indexes of steps that lead in a circle through step `start`, which comes first; empty where
// there is none. A step that takes its own result is no circle, for it changes nothing more. Of the
// hosts that a step takes and leaves as they are one is followed, so a circle of parts of two globs
// can go unseen; it ends all the same, for a step is taken once.
std::vector<size_t> FindRewriteCircle(std::span<const RewriteStep> steps, size_t start);

}  // namespace config

#endif  // GOCHAIN_CONFIG_REWRITE_CIRCLE_H_
