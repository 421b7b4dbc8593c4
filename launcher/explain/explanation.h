// Explanation: all that --explain says about one target, before it is text.
//
// Launcher only, one thread; no traffic, so what a lookup would bring is not known here. Refers to
// the config's records. REQUIRES: the config outlives it.
#ifndef GOCHAIN_LAUNCHER_EXPLAIN_EXPLANATION_H_
#define GOCHAIN_LAUNCHER_EXPLAIN_EXPLANATION_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/endpoint.h"
#include "config/config.h"
#include "rules/list_search.h"
#include "rules/rewrite.h"
#include "rules/rules.h"

namespace explain {

// Who looks the target's name up. kNone: it has none, or goes nowhere. kHosts: [hosts] does.
enum class Resolver : uint8_t { kNone, kProxy, kHere, kHosts };

// What a program of that name gets instead.
struct ProgramsWay {
  std::string_view exe;
  rules::Decision decision;
};

struct Explanation {
  base::Endpoint target;
  std::optional<base::Endpoint> rewritten;
  rules::RewriteTrail rewrites;
  rules::Decision decision;
  std::optional<rules::ListLine> list_line;  // where the decision is that of a list
  Resolver resolver = Resolver::kNone;
  std::span<const config::HostAddress> hosts;  // kHosts
  std::vector<ProgramsWay> programs;
  // kHere: patterns of addresses that would come first if the name has such an address.
  std::vector<const config::Pattern*> networks;
  // Elements of GOPRIVATE and its like for paths of the target's host, which @goprivate leaves out.
  std::vector<std::string_view> go_private_paths;
};

// `go_private_paths` are all of them. REQUIRES: they outlive it too.
Explanation ExplanationOf(const config::Config& config,
                          std::span<const std::string> go_private_paths,
                          const base::Endpoint& target);

}  // namespace explain

#endif  // GOCHAIN_LAUNCHER_EXPLAIN_EXPLANATION_H_
