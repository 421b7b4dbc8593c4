#include "rules/rules.h"

#include "config/host_hash.h"
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

bool IsFirstHop(const Config& config, const Query& query) {
  for (const config::Proxy& proxy : config.proxies()) {
    if (proxy.is_first_hop && IsAt(config, proxy, query)) {
      return true;
    }
  }
  return false;
}

// The file's first pattern for which `takes` is true; those of hosts that `name` is neither at nor
// below are passed over.
template <typename Takes>
const Pattern* FirstOf(const Config& config, std::string_view name, Takes takes) {
  size_t first = config.patterns().size();
  // False: no later one can come before the first.
  const auto look_at = [&](uint32_t index) {
    if (index < first && !takes(config.patterns()[index])) {
      return true;
    }
    first = index < first ? index : first;
    return false;
  };
  config::HostHash hash;
  for (size_t i = name.size(); i > 0; --i) {
    hash.Add(name[i - 1]);
    if (i > 1 && name[i - 2] != '.') {
      continue;
    }
    for (const config::HashedPattern& hashed : config.PatternsOfHost(hash.value())) {
      if (!look_at(hashed.pattern)) {
        break;
      }
    }
  }
  for (const uint32_t index : config.other_patterns()) {
    if (!look_at(index)) {
      break;
    }
  }
  return first < config.patterns().size() ? &config.patterns()[first] : nullptr;
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
  const Pattern* const pattern = FirstOf(config, query.name, [&](const Pattern& candidate) {
    return (!loopback || NamesLoopback(config, candidate, query.name)) &&
           (!first_hop || NamesFirstHop(candidate)) && Matches(config, candidate, query);
  });
  if (pattern != nullptr) {
    return {pattern->route, Reason::kRule, pattern};
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
  // What leads some connection away, or is direct for all that come as far.
  const Pattern* const settled = FirstOf(config, name, [&](const Pattern& candidate) {
    return (!localhost || NamesLoopback(config, candidate, name)) &&
           HostMatches(config, candidate, name, nullptr) &&
           (candidate.route.kind != config::RouteKind::kDirect ||
            IsForEveryPortAndProgram(candidate));
  });
  if (settled != nullptr) {
    return settled->route.kind != config::RouteKind::kDirect;
  }
  return !localhost && config.globals().default_route.kind != config::RouteKind::kDirect;
}

bool IsNamedByRule(const Config& config, std::string_view name) {
  return FirstOf(config, name, [&](const Pattern& candidate) {
           return !candidate.exe_only && NamePatternTakes(config, candidate, name);
         }) != nullptr;
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
