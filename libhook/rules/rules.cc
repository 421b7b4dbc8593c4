#include "rules/rules.h"

#include "config/host_hash.h"
#include "config/name_match.h"
#include "rules/list_match.h"
#include "rules/localhost.h"
#include "rules/rewrite.h"

namespace rules {
namespace {

using config::Config;
using config::Pattern;
using config::PatternKind;

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

// Does `pattern` mean such a target expressly, as far as it has to? Lists see to that themselves.
bool Means(const Config& config, const Pattern& pattern, std::string_view name, Standing standing) {
  switch (standing) {
    case Standing::kOrdinary:
      return true;
    case Standing::kLoopback:
      return NamesLoopback(config, pattern, name);
    case Standing::kFirstHop:
      return NamesFirstHop(pattern);
  }
  return false;
}

bool Takes(const Config& config, const Pattern& pattern, const Query& query, Standing standing) {
  if (query.port < pattern.low_port || query.port > pattern.high_port) {
    return false;
  }
  if (pattern.exe.size > 0 && config.text(pattern.exe) != query.exe) {
    return false;
  }
  if (pattern.kind == PatternKind::kList && !pattern.exe_only) {
    return ListTakes(config.list_view(pattern.list), query, standing);
  }
  return Means(config, pattern, query.name, standing) &&
         HostMatches(config, pattern, query.name, query.address);
}

// On which ports does `pattern` take a name, whose address is not known?
OnPorts TakesName(const Config& config, const Pattern& pattern, std::string_view name,
                  Standing standing) {
  if (pattern.kind == PatternKind::kList && !pattern.exe_only) {
    return ListTakesName(config.list_view(pattern.list), name, standing);
  }
  if (!Means(config, pattern, name, standing) || !HostMatches(config, pattern, name, nullptr)) {
    return OnPorts::kNone;
  }
  return pattern.low_port <= 1 && pattern.high_port == 65535 ? OnPorts::kEvery : OnPorts::kSome;
}

}  // namespace

Standing StandingOf(const Config& config, const Query& query) {
  return IsLoopback(query)           ? Standing::kLoopback
         : IsFirstHop(config, query) ? Standing::kFirstHop
                                     : Standing::kOrdinary;
}

bool Matches(const Config& config, const Pattern& pattern, const Query& query) {
  return Takes(config, pattern, query, Standing::kOrdinary);
}

Decision Decide(const Config& config, const Query& query) {
  const Standing standing = StandingOf(config, query);
  const Pattern* const pattern = FirstOf(config, query.name, [&](const Pattern& candidate) {
    return Takes(config, candidate, query, standing);
  });
  if (pattern != nullptr) {
    return {pattern->route, Reason::kRule, pattern};
  }
  switch (standing) {
    case Standing::kOrdinary:
      break;
    case Standing::kLoopback:
      return {config::Route{}, Reason::kLoopback, nullptr};
    case Standing::kFirstHop:
      return {config::Route{}, Reason::kFirstHop, nullptr};
  }
  return {config.globals().default_route, ReasonOf(config.globals().default_source), nullptr};
}

bool NeedsMadeUpAddress(const Config& config, std::string_view name) {
  if (MayBeRewritten(config, name)) {
    return true;
  }
  const Standing standing = IsLocalhost(name) ? Standing::kLoopback : Standing::kOrdinary;
  // What leads some connection away, or is direct for all that come as far.
  const Pattern* const settled = FirstOf(config, name, [&](const Pattern& candidate) {
    const OnPorts ports = TakesName(config, candidate, name, standing);
    return ports != OnPorts::kNone && (candidate.route.kind != config::RouteKind::kDirect ||
                                       (ports == OnPorts::kEvery && candidate.exe.size == 0));
  });
  if (settled != nullptr) {
    return settled->route.kind != config::RouteKind::kDirect;
  }
  return standing == Standing::kOrdinary &&
         config.globals().default_route.kind != config::RouteKind::kDirect;
}

bool IsNamedByRule(const Config& config, std::string_view name) {
  return FirstOf(config, name, [&](const Pattern& candidate) {
           return !candidate.exe_only && (candidate.kind == PatternKind::kList
                                              ? ListNames(config.list_view(candidate.list), name)
                                              : NamePatternTakes(config, candidate, name));
         }) != nullptr;
}

const config::Source* DecidingLine(const Decision& decision) {
  const Pattern* const pattern = decision.pattern;
  return pattern != nullptr && pattern->source.line > 0 ? &pattern->source : nullptr;
}

std::string_view ReasonText(const Decision& decision) {
  switch (decision.reason) {
    case Reason::kDefault:
      return "default";
    case Reason::kCommandLine:
      return "command line";
    case Reason::kRule:  // a pattern of NO_PROXY
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
