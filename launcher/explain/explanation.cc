#include "explain/explanation.h"

#include <algorithm>

#include "config/go_glob.h"

namespace explain {
namespace {

using config::Config;
using config::Pattern;
using config::PatternKind;
using config::RouteKind;

// As the engine asks: by the name, and where [hosts] has it by its first address too.
rules::Query QueryOf(const Config& config, const base::Endpoint& target, std::string_view exe) {
  rules::Query query;
  query.port = target.port();
  query.exe = exe;
  if (!target.is_name()) {
    query.address = &target.address();
    return query;
  }
  query.name = target.name();
  const auto hosts = config.HostAddresses(target.name());
  query.address = hosts.empty() ? nullptr : &hosts.front().address;
  return query;
}

Resolver ResolverOf(const Config& config, const base::Endpoint& target, config::Route route) {
  if (!target.is_name() || route.kind == RouteKind::kReject) {
    return Resolver::kNone;
  }
  if (!config.HostAddresses(target.name()).empty()) {
    return Resolver::kHosts;
  }
  return config.DnsOf(route) == config::Dns::kLocal ? Resolver::kHere : Resolver::kProxy;
}

// Rules for one program are asked only by that program; the others, and the first line, pass them
// by.
std::vector<ProgramsWay> WaysOfPrograms(const Config& config, const base::Endpoint& target,
                                        const rules::Decision& others) {
  std::vector<std::string_view> seen;
  std::vector<ProgramsWay> out;
  for (const Pattern& pattern : config.patterns()) {
    const std::string_view exe = config.text(pattern.exe);
    if (exe.empty() || std::find(seen.begin(), seen.end(), exe) != seen.end()) {
      continue;
    }
    seen.push_back(exe);
    const rules::Decision its = rules::Decide(config, QueryOf(config, target, exe));
    if (its.pattern != others.pattern) {
      out.push_back({exe, its});
    }
  }
  return out;
}

bool HasAddresses(const Config& config, const Pattern& pattern) {
  if (pattern.kind != PatternKind::kList) {
    return pattern.kind == PatternKind::kAddress || pattern.kind == PatternKind::kPrivate;
  }
  const auto groups = config.list_view(pattern.list).groups();
  return std::any_of(groups.begin(), groups.end(), [](const config::ListGroup& group) {
    return group.v4.count > 0 || group.v6.count > 0 || group.private_ != 0;
  });
}

// Once the name is looked up here, the rules are asked again.
std::vector<const Pattern*> NetworksBefore(const Config& config, const base::Endpoint& target,
                                           const rules::Decision& decision) {
  std::vector<const Pattern*> out;
  for (const Pattern& pattern : config.patterns()) {
    if (&pattern == decision.pattern) {
      break;
    }
    if (pattern.exe.size == 0 && pattern.low_port <= target.port() &&
        target.port() <= pattern.high_port && !(pattern.route == decision.route) &&
        HasAddresses(config, pattern)) {
      out.push_back(&pattern);
    }
  }
  return out;
}

// Go compares as many elements of a path as its pattern has; the first of them is the host.
std::vector<std::string_view> PathsOf(std::span<const std::string> paths,
                                      const base::Endpoint& target) {
  std::vector<std::string_view> out;
  for (const std::string_view path : paths) {
    if (target.is_name() && config::GoGlobTakes(path.substr(0, path.find('/')), target.name())) {
      out.push_back(path);
    }
  }
  return out;
}

}  // namespace

Explanation ExplanationOf(const Config& config, std::span<const std::string> go_private_paths,
                          const base::Endpoint& target) {
  Explanation out;
  out.target = target;
  out.rewritten = rules::Rewritten(config, target, nullptr, &out.rewrites);
  const base::Endpoint& asked = out.rewritten ? *out.rewritten : target;
  const rules::Query query = QueryOf(config, asked, {});
  out.decision = rules::Decide(config, query);
  if (out.decision.pattern != nullptr) {
    out.list_line = rules::FindInList(config, *out.decision.pattern, query);
  }
  out.resolver = ResolverOf(config, asked, out.decision.route);
  if (out.resolver == Resolver::kHosts) {
    out.hosts = config.HostAddresses(asked.name());
  }
  out.programs = WaysOfPrograms(config, asked, out.decision);
  const bool passes_by = out.decision.reason == rules::Reason::kLoopback ||
                         out.decision.reason == rules::Reason::kFirstHop;
  if (out.resolver == Resolver::kHere && !passes_by) {
    out.networks = NetworksBefore(config, asked, out.decision);
  }
  out.go_private_paths = PathsOf(go_private_paths, asked);
  return out;
}

}  // namespace explain
