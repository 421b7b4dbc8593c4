#include "rules/rules.h"

#include "config/name_match.h"
#include "rules/rewrite.h"

namespace rules {
namespace {

using config::Config;
using config::Pattern;
using config::PatternKind;

constexpr std::string_view kLocalhost = "localhost";

// RFC 6761 §6.3.
bool IsLocalhost(std::string_view name) {
  return name == kLocalhost || config::IsBelow(name, kLocalhost);
}

// A pattern of names: exact, suffix, glob.
bool NamePatternTakes(const Config& config, const Pattern& pattern, std::string_view name) {
  return config::NameMatches(pattern.kind, config.text(pattern.host), name);
}

bool HostMatches(const Config& config, const Pattern& pattern, std::string_view name,
                 const base::IpAddress* address) {
  if (pattern.exe_only) {
    return true;
  }
  switch (pattern.kind) {
    case PatternKind::kAny:
      return true;
    case PatternKind::kExact:
    case PatternKind::kSelfOrBelow:
    case PatternKind::kBelow:
    case PatternKind::kGlob:
    case PatternKind::kGoGlob:
      return NamePatternTakes(config, pattern, name);
    case PatternKind::kAddress:
      return address != nullptr && address->InPrefix(pattern.address, pattern.prefix_bits);
    case PatternKind::kLoopback:
      return IsLocalhost(name) || (address != nullptr && address->IsLoopback());
    case PatternKind::kPrivate:
      return address != nullptr && address->IsPrivate();
    case PatternKind::kList:
      return false;
  }
  return false;
}

// Is every address of the pattern the own host's? A network that begins in 127/8 lies in it: its
// host bits are 0.
bool IsInsideLoopback(const Pattern& pattern) {
  const size_t whole = pattern.address.bytes().size() * 8;
  return pattern.address.IsLoopback() &&
         (pattern.prefix_bits == whole || (pattern.address.is_v4() && !pattern.address.IsAny()));
}

// Loopback is direct unless a pattern means it and not everything: these do. A name that isn't
// localhost but has a loopback address is named by its own name too.
bool NamesLoopback(const Config& config, const Pattern& pattern, std::string_view name) {
  if (pattern.exe_only) {
    return false;
  }
  switch (pattern.kind) {
    case PatternKind::kLoopback:
      return true;
    case PatternKind::kAddress:
      return IsInsideLoopback(pattern);
    case PatternKind::kExact:
    case PatternKind::kSelfOrBelow:
    case PatternKind::kBelow:
    case PatternKind::kGlob:
    case PatternKind::kGoGlob:
      return !IsLocalhost(name) || IsLocalhost(config.text(pattern.host));
    case PatternKind::kAny:
    case PatternKind::kPrivate:
    case PatternKind::kList:
      return false;
  }
  return false;
}

// A first hop is direct unless a pattern means it: by a name, or by its one address.
bool NamesFirstHop(const Pattern& pattern) {
  if (pattern.exe_only) {
    return false;
  }
  switch (pattern.kind) {
    case PatternKind::kExact:
    case PatternKind::kSelfOrBelow:
    case PatternKind::kBelow:
    case PatternKind::kGlob:
    case PatternKind::kGoGlob:
      return true;
    case PatternKind::kAddress:
      return pattern.prefix_bits == pattern.address.bytes().size() * 8;
    case PatternKind::kAny:
    case PatternKind::kLoopback:
    case PatternKind::kPrivate:
    case PatternKind::kList:
      return false;
  }
  return false;
}

bool IsLoopback(const Query& query) {
  return IsLocalhost(query.name) || (query.address != nullptr && query.address->IsLoopback());
}

bool IsAt(const Config& config, const config::Proxy& proxy, const Query& query) {
  if (proxy.port != query.port) {
    return false;
  }
  const std::string_view host = config.text(proxy.host);
  if (!query.name.empty() && query.name == host) {
    return true;
  }
  return query.address != nullptr && base::IpAddress::Parse(host) == *query.address;
}

bool StartsAt(const Config& config, config::Route route, const Query& query) {
  return config.HopCount(route) > 0 && IsAt(config, config.HopAt(route, 0), query);
}

// The first hops are those that gochain itself would connect to: of every chain, and of every proxy
// that is a route.
bool IsFirstHop(const Config& config, const Query& query) {
  if (StartsAt(config, config.globals().default_route, query)) {
    return true;
  }
  for (const config::Chain& chain : config.chains()) {
    if (IsAt(config, config.proxies()[chain.hops[0]], query)) {
      return true;
    }
  }
  for (const Pattern& pattern : config.patterns()) {
    if (pattern.route.kind == config::RouteKind::kProxy && StartsAt(config, pattern.route, query)) {
      return true;
    }
  }
  return false;
}

Reason ReasonOf(config::DefaultSource source) {
  switch (source) {
    case config::DefaultSource::kBuiltIn:
    case config::DefaultSource::kFile:
      return Reason::kDefault;
    case config::DefaultSource::kCommandLine:
      return Reason::kCommandLine;
    case config::DefaultSource::kEnvironment:
      return Reason::kEnvironment;
  }
  return Reason::kDefault;
}

bool IsForEveryPortAndProgram(const Pattern& pattern) {
  return pattern.exe.size == 0 && pattern.low_port <= 1 && pattern.high_port == 65535;
}

}  // namespace

bool Matches(const Config& config, const Pattern& pattern, const Query& query) {
  if (query.port < pattern.low_port || query.port > pattern.high_port) {
    return false;
  }
  if (pattern.exe.size > 0 && config.text(pattern.exe) != query.exe) {
    return false;
  }
  return HostMatches(config, pattern, query.name, query.address);
}

Decision Decide(const Config& config, const Query& query) {
  const bool loopback = IsLoopback(query);
  const bool first_hop = !loopback && IsFirstHop(config, query);
  for (const Pattern& pattern : config.patterns()) {
    if ((loopback && !NamesLoopback(config, pattern, query.name)) ||
        (first_hop && !NamesFirstHop(pattern))) {
      continue;
    }
    if (Matches(config, pattern, query)) {
      return {pattern.route, Reason::kRule, &pattern};
    }
  }
  if (loopback) {
    return {config::Route{}, Reason::kLoopback, nullptr};
  }
  if (first_hop) {
    return {config::Route{}, Reason::kFirstHop, nullptr};
  }
  return {config.globals().default_route, ReasonOf(config.globals().default_source), nullptr};
}

bool NeedsMadeUpAddress(const Config& config, std::string_view name) {
  if (MayBeRewritten(config, name)) {
    return true;
  }
  const bool localhost = IsLocalhost(name);
  for (const Pattern& pattern : config.patterns()) {
    if (localhost && !NamesLoopback(config, pattern, name)) {
      continue;
    }
    if (!HostMatches(config, pattern, name, nullptr)) {
      continue;
    }
    if (pattern.route.kind != config::RouteKind::kDirect) {
      return true;
    }
    if (IsForEveryPortAndProgram(pattern)) {
      return false;
    }
  }
  return !localhost && config.globals().default_route.kind != config::RouteKind::kDirect;
}

bool IsNamedByRule(const Config& config, std::string_view name) {
  for (const Pattern& pattern : config.patterns()) {
    if (!pattern.exe_only && NamePatternTakes(config, pattern, name)) {
      return true;
    }
  }
  return false;
}

std::string_view ReasonText(Reason reason) {
  switch (reason) {
    case Reason::kRule:
      return "rule";
    case Reason::kDefault:
      return "default";
    case Reason::kCommandLine:
      return "command line";
    case Reason::kEnvironment:
      return "environment";
    case Reason::kLoopback:
      return "loopback";
    case Reason::kFirstHop:
      return "first hop";
  }
  return "";
}

}  // namespace rules
