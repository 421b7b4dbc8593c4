#include "explain/explanation_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "explain/json_text.h"

namespace explain {
namespace {

using config::Config;
using config::Pattern;
using rules::Decision;

// A file may have hundreds of networks above its names.
constexpr size_t kMostNetworks = 5;

std::string Place(const Config& config, const config::Source& source) {
  std::string place(config.text(source.file));
  return source.line > 0 ? fmt::format("{}:{}", place, source.line) : place;
}

std::string PlaceAndText(const Config& config, const config::Source& source) {
  return fmt::format("{}: {}", Place(config, source), config.text(source.line_text));
}

// "FILE:LINE: text of the line", or why no line decides.
std::string WhyText(const Config& config, const Decision& decision) {
  const config::Source* const line = rules::DecidingLine(decision);
  return line != nullptr ? PlaceAndText(config, *line) : std::string(rules::ReasonText(decision));
}

std::string EndpointText(const base::Endpoint& endpoint) {
  std::array<char, base::kMaxEndpointText> buffer;
  return std::string(endpoint.Text(buffer));
}

std::string RewriteText(const Config& config, const Explanation& explanation) {
  if (!explanation.rewritten) {
    return "";
  }
  std::string trail;
  for (size_t i = 0; i < explanation.rewrites.count; ++i) {
    const config::Rewrite& rewrite = *explanation.rewrites.steps[i];
    trail += fmt::format("{}{}: [rewrite {}]", i == 0 ? "" : ", then ",
                         Place(config, rewrite.source), config.text(rewrite.name));
  }
  return fmt::format("    rewritten: {} ({})\n", EndpointText(*explanation.rewritten), trail);
}

// "lists/cn.txt:4711", as the list's errors say it
std::string ListPlace(const Config& config, const Explanation& explanation) {
  const config::List& list = config.lists()[explanation.decision.pattern->list];
  return fmt::format("{}:{}", config.text(list.full_path), explanation.list_line->line);
}

std::string LineText(const Config& config, const Explanation& explanation) {
  const Decision& decision = explanation.decision;
  if (decision.pattern != nullptr) {
    std::string out = fmt::format("    pattern: {}\n", config.text(decision.pattern->written));
    if (explanation.list_line) {
      out += fmt::format("    list: {}: {}\n", ListPlace(config, explanation),
                         explanation.list_line->text);
    }
    return out;
  }
  const config::Globals& globals = config.globals();
  if (decision.reason == rules::Reason::kDefault &&
      globals.default_source == config::DefaultSource::kFile) {
    return fmt::format("    default: {}\n", PlaceAndText(config, globals.default_line));
  }
  return "";
}

std::string_view WithText(const config::Proxy& hop) {
  if (hop.auth == config::Auth::kNegotiate) {
    return ", with a Kerberos ticket";
  }
  return hop.user.size > 0 ? ", with credentials" : "";
}

// A chain's mode, where it says more than that all hops are taken.
const config::Chain* ChainWithMode(const Config& config, config::Route route) {
  if (route.kind != config::RouteKind::kChain) {
    return nullptr;
  }
  const config::Chain& chain = config.chains()[route.index];
  return chain.mode == config::ChainMode::kStrict ? nullptr : &chain;
}

std::string ModeText(const config::Chain& chain) {
  std::string what;
  switch (chain.mode) {
    case config::ChainMode::kStrict:
    case config::ChainMode::kDynamic:
      what = "all that are alive, in this order";
      break;
    case config::ChainMode::kRandom:
      what = fmt::format("{} of them, drawn by lot", chain.length);
      break;
    case config::ChainMode::kRoundRobin:
      what = fmt::format("{} of them, in turn", chain.length);
      break;
    case config::ChainMode::kFailover:
      what = "the first that is alive";
      break;
    case config::ChainMode::kFastest:
      what = "the one that was connected to in the shortest time lately";
      break;
  }
  return fmt::format("    mode: {}: {}\n", config::ModeWord(chain.mode), what);
}

std::string HopsText(const Config& config, config::Route route) {
  const config::Chain* const chain = ChainWithMode(config, route);
  std::string out = chain != nullptr ? ModeText(*chain) : "";
  for (size_t i = 0; i < config.HopCount(route); ++i) {
    const config::Proxy& hop = config.HopAt(route, i);
    const std::string_view host = config.text(hop.host);
    const bool v6 = host.find(':') != std::string_view::npos;
    out += fmt::format("    {} {}: {} ({} {}{}{}:{}{}{}{})\n",
                       chain != nullptr ? "candidate" : "hop", i + 1, config.text(hop.name),
                       config::Scheme(hop.type), v6 ? "[" : "", host, v6 ? "]" : "", hop.port,
                       WithText(hop), hop.client_cert.size > 0 ? ", with a certificate" : "",
                       hop.insecure ? ", insecure: any certificate will do" : "");
  }
  return out;
}

std::string HostsText(const Config& config, const Explanation& explanation) {
  std::string addresses;
  for (const config::HostAddress& host : explanation.hosts) {
    std::array<char, base::kMaxEndpointText> buffer;
    addresses += " ";
    addresses += base::Endpoint(host.address, 0).HostText(buffer, false);
  }
  return fmt::format("    name: resolved by [hosts] ({}:{})\n",
                     Place(config, explanation.hosts.front().source), addresses);
}

std::string ResolverText(const Config& config, const Explanation& explanation) {
  switch (explanation.resolver) {
    case Resolver::kNone:
      return "";
    case Resolver::kProxy:
      return "    name: resolved by the last proxy\n";
    case Resolver::kHere:
      return "    name: resolved by this machine\n";
    case Resolver::kHosts:
      return HostsText(config, explanation);
  }
  return "";
}

std::string NetworksText(const Config& config, const Explanation& explanation) {
  std::string out;
  const size_t count = explanation.networks.size();
  for (size_t i = 0; i < std::min(count, kMostNetworks); ++i) {
    const Pattern& pattern = *explanation.networks[i];
    out += fmt::format("    if its address is in {}: {} ({})\n", config.text(pattern.written),
                       config.RouteName(pattern.route), PlaceAndText(config, pattern.source));
  }
  if (count > kMostNetworks) {
    out += fmt::format("    and {} more rules for addresses\n", count - kMostNetworks);
  }
  return out;
}

std::string GoPrivateText(const Explanation& explanation) {
  std::string out;
  for (const std::string_view path : explanation.go_private_paths) {
    out += fmt::format("    @goprivate: '{}' has a path, which no host can decide\n", path);
  }
  return out;
}

std::string ProgramsText(const Config& config, const Explanation& explanation) {
  std::string out;
  for (const ProgramsWay& way : explanation.programs) {
    out += fmt::format("    from {}: {} ({})\n", way.exe, config.RouteName(way.decision.route),
                       WhyText(config, way.decision));
  }
  return out;
}

// "route":…,"rule":…
std::string JsonDecision(const Config& config, const Decision& decision) {
  const config::Source* const line = rules::DecidingLine(decision);
  const std::string rule =
      line != nullptr ? Place(config, *line) : std::string(rules::ReasonText(decision));
  return fmt::format(R"("route":{},"rule":{})", JsonText(config.RouteName(decision.route)),
                     JsonText(rule));
}

std::string JsonMode(const Config& config, config::Route route) {
  return route.kind == config::RouteKind::kChain
             ? JsonText(config::ModeWord(config.chains()[route.index].mode))
             : "null";
}

std::string JsonHops(const Config& config, config::Route route) {
  std::string out;
  for (size_t i = 0; i < config.HopCount(route); ++i) {
    out += i == 0 ? "" : ",";
    out += JsonText(config.text(config.HopAt(route, i).name));
  }
  return out;
}

std::string_view ResolveWord(Resolver resolver) {
  switch (resolver) {
    case Resolver::kNone:
      return "none";
    case Resolver::kProxy:
      return "proxy";
    case Resolver::kHere:
    case Resolver::kHosts:
      return "local";
  }
  return "";
}

}  // namespace

std::string Text(const Config& config, const Explanation& explanation) {
  const Decision& decision = explanation.decision;
  return fmt::format("{} -> {} ({})\n", EndpointText(explanation.target),
                     config.RouteName(decision.route), WhyText(config, decision)) +
         RewriteText(config, explanation) + LineText(config, explanation) +
         HopsText(config, decision.route) + ResolverText(config, explanation) +
         NetworksText(config, explanation) + GoPrivateText(explanation) +
         ProgramsText(config, explanation);
}

std::string Json(const Config& config, const Explanation& explanation) {
  const std::string list =
      explanation.list_line ? JsonText(ListPlace(config, explanation)) : "null";
  std::string programs;
  for (const ProgramsWay& way : explanation.programs) {
    programs += fmt::format(R"({}{{"exe":{},{}}})", programs.empty() ? "" : ",", JsonText(way.exe),
                            JsonDecision(config, way.decision));
  }
  return fmt::format(
      R"({{"target":{},"rewritten":{},{},"list":{},"hops":[{}],"mode":{},"resolve":{},"programs":[{}]}})"
      "\n",
      JsonText(EndpointText(explanation.target)),
      explanation.rewritten ? JsonText(EndpointText(*explanation.rewritten)) : "null",
      JsonDecision(config, explanation.decision), list,
      JsonHops(config, explanation.decision.route), JsonMode(config, explanation.decision.route),
      JsonText(ResolveWord(explanation.resolver)), programs);
}

}  // namespace explain
