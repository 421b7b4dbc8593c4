#include "explain/lint.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/endpoint.h"
#include "explain/json_text.h"
#include "explain/unreachable.h"

namespace explain {
namespace {

using config::Config;
using config::Diagnostic;
using config::Route;
using config::RouteKind;

bool IsRoute(const Config& config, Route route) {
  return config.globals().default_route == route ||
         std::any_of(config.patterns().begin(), config.patterns().end(),
                     [&](const config::Pattern& pattern) { return pattern.route == route; });
}

bool IsHop(const Config& config, uint16_t proxy) {
  return std::any_of(config.chains().begin(), config.chains().end(),
                     [&](const config::Chain& chain) {
                       const auto end = chain.hops + chain.hop_count;
                       return std::find(chain.hops, end, proxy) != end;
                     });
}

void AddUnused(const Config& config, std::string_view what, std::string_view name,
               const config::Source& source, std::vector<Diagnostic>* out) {
  if (source.line > 0) {
    out->push_back({std::string(config.text(source.file)),
                    source.line,
                    fmt::format("{} '{}' is never used", what, name),
                    {}});
  }
}

void AddUnused(const Config& config, std::vector<Diagnostic>* out) {
  // With -p and its like the file's own default is not asked, and not known here.
  const auto source = config.globals().default_source;
  if (source == config::DefaultSource::kCommandLine ||
      source == config::DefaultSource::kEnvironment) {
    return;
  }
  for (uint16_t i = 0; i < config.proxies().size(); ++i) {
    const config::Proxy& proxy = config.proxies()[i];
    if (!IsRoute(config, {RouteKind::kProxy, i}) && !IsHop(config, i)) {
      AddUnused(config, "proxy", config.text(proxy.name), proxy.source, out);
    }
  }
  for (uint16_t i = 0; i < config.chains().size(); ++i) {
    const config::Chain& chain = config.chains()[i];
    if (!IsRoute(config, {RouteKind::kChain, i})) {
      AddUnused(config, "chain", config.text(chain.name), chain.source, out);
    }
  }
}

void AddEmptyLists(const Config& config, std::vector<Diagnostic>* out) {
  for (size_t i = 0; i < config.lists().size(); ++i) {
    const config::List& list = config.lists()[i];
    if (config.list_view(i).groups().empty()) {
      out->push_back({std::string(config.text(list.source.file)),
                      list.source.line,
                      fmt::format("the list '{}' is empty", config.text(list.path)),
                      {}});
    }
  }
}

// Realms name their services, and hardly one has an address for a name.
void AddTicketsForAddresses(const Config& config, std::vector<Diagnostic>* out) {
  for (const config::Proxy& proxy : config.proxies()) {
    if (proxy.auth == config::Auth::kNegotiate &&
        base::IpAddress::Parse(config.text(proxy.host)).has_value()) {
      out->push_back({std::string(config.text(proxy.source.file)),
                      proxy.source.line,
                      fmt::format("a Kerberos ticket is for a name: the url of '{}' needs the "
                                  "proxy's, not its address",
                                  config.text(proxy.name)),
                      {}});
    }
  }
}

// Files in the order in which they were first complained about, each by its lines.
void Sort(std::vector<Diagnostic>* warnings) {
  std::vector<std::string> files;
  for (const Diagnostic& warning : *warnings) {
    if (std::find(files.begin(), files.end(), warning.file) == files.end()) {
      files.push_back(warning.file);
    }
  }
  const auto place = [&files](const Diagnostic& warning) {
    return std::pair(std::find(files.begin(), files.end(), warning.file), warning.line);
  };
  std::stable_sort(warnings->begin(), warnings->end(),
                   [&](const Diagnostic& a, const Diagnostic& b) { return place(a) < place(b); });
}

std::string Count(size_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string Summary(const Config& config, size_t warnings) {
  size_t rules = 0;
  for (size_t i = 0; i < config.patterns().size(); i += PatternsOfWord(config, i)) {
    ++rules;
  }
  return fmt::format("{}, {}, {}: {}\n", Count(rules, "rule", "rules"),
                     Count(config.proxies().size(), "proxy", "proxies"),
                     Count(config.chains().size(), "chain", "chains"),
                     warnings == 0 ? "no warnings" : Count(warnings, "warning", "warnings"));
}

std::string Json(const Diagnostic& warning) {
  return fmt::format(R"({{"file":{},"line":{},"warning":{}}})"
                     "\n",
                     JsonText(warning.file), warning.line, JsonText(warning.message));
}

}  // namespace

std::string Lint(const Config& config, std::vector<Diagnostic> warnings, engine::LogFormat format) {
  for (Diagnostic& warning : FindUnreachable(config)) {
    warnings.push_back(std::move(warning));
  }
  AddUnused(config, &warnings);
  AddEmptyLists(config, &warnings);
  AddTicketsForAddresses(config, &warnings);
  Sort(&warnings);
  std::string out;
  for (Diagnostic warning : warnings) {
    if (format == engine::LogFormat::kJson) {
      out += Json(warning);
    } else {
      warning.warning = true;
      out += warning.Text() + "\n";
    }
  }
  return format == engine::LogFormat::kJson ? out : out + Summary(config, warnings.size());
}

}  // namespace explain
