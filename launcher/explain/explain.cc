#include "explain/explain.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <vector>

#include "base/endpoint.h"
#include "config/host_name.h"
#include "explain/json_text.h"
#include "rules/rules.h"

namespace explain {
namespace {

using config::Config;
using config::RouteKind;

constexpr uint16_t kDefaultPort = 443;

std::optional<base::Endpoint> ParseTarget(std::string_view text) {
  std::string_view host = text;
  uint16_t port = kDefaultPort;
  const size_t colon = text.rfind(':');
  const bool bare_v6 = !text.starts_with('[') && text.find(':') != colon;
  if (colon != std::string_view::npos && !bare_v6 && !text.ends_with(']')) {
    host = text.substr(0, colon);
    if (!config::ParsePort(text.substr(colon + 1), &port)) {
      return std::nullopt;
    }
  }
  if (const auto address = base::IpAddress::Parse(host)) {
    return base::Endpoint(*address, port);
  }
  return config::IsHostName(host) ? base::Endpoint::FromName(host, port) : std::nullopt;
}

rules::Decision Ask(const Config& config, const base::Endpoint& target, std::string_view exe) {
  rules::Query query;
  query.port = target.port();
  query.exe = exe;
  if (target.is_name()) {
    query.name = target.name();
  } else {
    query.address = &target.address();
  }
  return rules::Decide(config, query);
}

std::string Place(const Config& config, const config::Source& source) {
  std::string place(config.text(source.file));
  return source.line > 0 ? fmt::format("{}:{}", place, source.line) : place;
}

// "FILE:LINE: text of the line", or why no line decides.
std::string WhyText(const Config& config, const rules::Decision& decision) {
  if (decision.pattern == nullptr) {
    return std::string(rules::ReasonText(decision.reason));
  }
  const config::Source& source = decision.pattern->source;
  return fmt::format("{}: {}", Place(config, source), config.text(source.line_text));
}

std::string_view TypeText(config::ProxyType type) {
  switch (type) {
    case config::ProxyType::kSocks5:
      return "socks5";
    case config::ProxyType::kHttp:
      return "http";
  }
  return "";
}

std::string_view ResolveText(const Config& config, const base::Endpoint& target,
                             config::Route route) {
  if (!target.is_name() || route.kind == RouteKind::kReject) {
    return "none";
  }
  const bool here = route.kind == RouteKind::kDirect || config.globals().dns == config::Dns::kLocal;
  return here ? "local" : "proxy";
}

std::string TargetText(const base::Endpoint& target) {
  std::array<char, base::kMaxEndpointText> buffer;
  return std::string(target.Text(buffer));
}

void AppendHops(const Config& config, config::Route route, std::string* out) {
  for (size_t i = 0; i < config.HopCount(route); ++i) {
    const config::Proxy& hop = config.HopAt(route, i);
    const std::string_view host = config.text(hop.host);
    const bool v6 = host.find(':') != std::string_view::npos;
    *out += fmt::format("    hop {}: {} ({} {}{}{}:{}{})\n", i + 1, config.text(hop.name),
                        TypeText(hop.type), v6 ? "[" : "", host, v6 ? "]" : "", hop.port,
                        hop.user.size > 0 ? ", with credentials" : "");
  }
}

// Rules for one program are asked only by that program; the others, and this line, pass them by.
void AppendPrograms(const Config& config, const base::Endpoint& target,
                    const rules::Decision& decision, std::string* out) {
  std::vector<std::string_view> seen;
  for (const config::Pattern& pattern : config.patterns()) {
    const std::string_view exe = config.text(pattern.exe);
    bool known = exe.empty();
    for (const std::string_view other : seen) {
      known = known || other == exe;
    }
    if (known) {
      continue;
    }
    seen.push_back(exe);
    const rules::Decision its = Ask(config, target, exe);
    if (its.pattern != decision.pattern) {
      *out += fmt::format("    from {}: {} ({})\n", exe, config.RouteName(its.route),
                          WhyText(config, its));
    }
  }
}

void AppendText(const Config& config, const base::Endpoint& target, std::string* out) {
  const rules::Decision decision = Ask(config, target, {});
  *out += fmt::format("{} -> {} ({})\n", TargetText(target), config.RouteName(decision.route),
                      WhyText(config, decision));
  if (decision.pattern != nullptr) {
    *out += fmt::format("    pattern: {}\n", config.text(decision.pattern->written));
  } else if (decision.reason == rules::Reason::kDefault &&
             config.globals().default_source == config::DefaultSource::kFile) {
    const config::Source& source = config.globals().default_line;
    *out +=
        fmt::format("    default: {}: {}\n", Place(config, source), config.text(source.line_text));
  }
  AppendHops(config, decision.route, out);
  const std::string_view resolve = ResolveText(config, target, decision.route);
  if (resolve == "proxy") {
    *out += "    name: resolved by the last proxy\n";
  } else if (resolve == "local") {
    *out += "    name: resolved by this machine\n";
  }
  AppendPrograms(config, target, decision, out);
}

void AppendJson(const Config& config, const base::Endpoint& target, std::string* out) {
  const rules::Decision decision = Ask(config, target, {});
  const std::string rule = decision.pattern != nullptr
                               ? Place(config, decision.pattern->source)
                               : std::string(rules::ReasonText(decision.reason));
  std::string hops;
  for (size_t i = 0; i < config.HopCount(decision.route); ++i) {
    hops += i == 0 ? "" : ",";
    hops += JsonText(config.text(config.HopAt(decision.route, i).name));
  }
  *out += fmt::format(
      R"({{"target":{},"rewritten":null,"route":{},"rule":{},"hops":[{}],"resolve":{}}})"
      "\n",
      JsonText(TargetText(target)), JsonText(config.RouteName(decision.route)), JsonText(rule),
      hops, JsonText(ResolveText(config, target, decision.route)));
}

}  // namespace

bool Explain(const Config& config, std::span<const std::string> targets, engine::LogFormat format,
             std::string* text, std::string* error) {
  text->clear();
  for (const std::string& word : targets) {
    const auto target = ParseTarget(word);
    if (!target) {
      *error = fmt::format(
          "--explain: bad target '{}': HOST, HOST:PORT or [ADDRESS]:PORT is needed", word);
      return false;
    }
    if (format == engine::LogFormat::kJson) {
      AppendJson(config, *target, text);
    } else {
      AppendText(config, *target, text);
    }
  }
  return true;
}

}  // namespace explain
