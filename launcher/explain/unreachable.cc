#include "explain/unreachable.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string>

#include "explain/pattern_cover.h"
#include "rules/rules.h"

namespace explain {
namespace {

using config::Config;
using config::Pattern;
using config::Rewrite;

// Port 0 can't be dialled.
uint16_t PortOf(const Pattern& pattern) { return std::max<uint16_t>(pattern.low_port, 1); }

// "line 4", or "other.conf:4" where that is another file than `here`.
std::string LineText(const Config& config, const config::Source& source,
                     const config::Source& here) {
  const std::string_view file = config.text(source.file);
  return file == config.text(here.file) ? fmt::format("line {}", source.line)
                                        : fmt::format("{}:{}", file, source.line);
}

// Loopback and first hops pass by the patterns that don't name them: a pattern below `*` may be
// there for them. Asks Decide() about each such target that `pattern` could take.
class Exceptions {
 public:
  Exceptions(const Config& config, std::span<const Pattern> word) : config_(config), word_(word) {}

  // True where one of them is decided by a pattern of the word.
  bool Reach() {
    for (const Pattern& pattern : word_) {
      if (TryLoopback(pattern) || TryFirstHops(pattern) || TryHosts(pattern)) {
        return true;
      }
    }
    return false;
  }

 private:
  bool TryLoopback(const Pattern& pattern) {
    for (const std::string_view address : {"127.0.0.1", "::1", "0.0.0.0", "::"}) {
      if (Try(pattern, {}, base::IpAddress::Parse(address), PortOf(pattern))) {
        return true;
      }
    }
    std::string own(config_.text(pattern.host));
    std::replace(own.begin(), own.end(), '*', 'x');
    for (const std::string& name : {std::string("localhost"), own, "x." + own}) {
      if (Try(pattern, name, std::nullopt, PortOf(pattern))) {
        return true;
      }
    }
    return Try(pattern, {}, pattern.address, PortOf(pattern));
  }

  bool TryFirstHops(const Pattern& pattern) {
    for (const config::Proxy& proxy : config_.proxies()) {
      const std::string_view host = config_.text(proxy.host);
      const auto address = base::IpAddress::Parse(host);
      if (Try(pattern, address ? "" : host, address, proxy.port)) {
        return true;
      }
    }
    return false;
  }

  bool TryHosts(const Pattern& pattern) {
    for (const config::HostAddress& host : config_.hosts()) {
      if (Try(pattern, config_.text(host.name), host.address, PortOf(pattern))) {
        return true;
      }
    }
    return false;
  }

  bool Try(const Pattern& pattern, std::string_view name, std::optional<base::IpAddress> address,
           uint16_t port) {
    rules::Query query;
    query.name = name;
    query.address = address ? &*address : nullptr;
    query.port = port;
    query.exe = config_.text(pattern.exe);
    if (name.empty() && !address) {
      return false;
    }
    const Pattern* const decided = rules::Decide(config_, query).pattern;
    return decided != nullptr && decided >= word_.data() && decided < word_.data() + word_.size();
  }

  const Config& config_;
  std::span<const Pattern> word_;
};

const Pattern* FirstCovering(const Config& config, std::span<const Pattern> earlier,
                             const Pattern& pattern) {
  for (const Pattern& candidate : earlier) {
    if (Covers(config, candidate, pattern)) {
      return &candidate;
    }
  }
  return nullptr;
}

std::optional<config::Diagnostic> Judge(const Config& config, std::span<const Pattern> earlier,
                                        std::span<const Pattern> word) {
  for (const Pattern& pattern : word) {
    if (FirstCovering(config, earlier, pattern) == nullptr) {
      return std::nullopt;
    }
  }
  if (Exceptions(config, word).Reach()) {
    return std::nullopt;
  }
  const Pattern& first = word.front();
  const Pattern& taker = *FirstCovering(config, earlier, first);
  return config::Diagnostic{
      std::string(config.text(first.source.file)),
      first.source.line,
      fmt::format("'{}' can never match: '{}' on {} takes it first", config.text(first.written),
                  config.text(taker.written), LineText(config, taker.source, first.source)),
      {}};
}

// Could what `rewrite` makes be taken by `from`?
bool MayLeadTo(const Config& config, const Rewrite& rewrite, const Pattern& from) {
  const uint16_t low = rewrite.to_port > 0 ? rewrite.to_port : rewrite.from.low_port;
  const uint16_t high = rewrite.to_port > 0 ? rewrite.to_port : rewrite.from.high_port;
  if (high < from.low_port || low > from.high_port) {
    return false;
  }
  if (rewrite.to_host.size == 0 && !rewrite.to_is_address) {
    return true;  // the host stays, and may be any
  }
  rules::Query query;
  query.name = config.text(rewrite.to_host);
  query.address = rewrite.to_is_address ? &rewrite.to_address : nullptr;
  query.port = std::max(low, from.low_port);
  return rules::Matches(config, from, query);
}

// A [rewrite] below one that takes the same may still be asked about what others made.
std::optional<config::Diagnostic> Judge(const Config& config, size_t index) {
  const Rewrite& rewrite = config.rewrites()[index];
  const Rewrite* taker = nullptr;
  for (size_t i = 0; i < config.rewrites().size(); ++i) {
    const Rewrite& other = config.rewrites()[i];
    if (i != index && MayLeadTo(config, other, rewrite.from)) {
      return std::nullopt;
    }
    if (i < index && taker == nullptr && Covers(config, other.from, rewrite.from)) {
      taker = &other;
    }
  }
  if (taker == nullptr) {
    return std::nullopt;
  }
  return config::Diagnostic{
      std::string(config.text(rewrite.source.file)),
      rewrite.source.line,
      fmt::format("[rewrite {}] can never match: [rewrite {}] on {} takes '{}' first",
                  config.text(rewrite.name), config.text(taker->name),
                  LineText(config, taker->source, rewrite.source),
                  config.text(rewrite.from.written)),
      {}};
}

}  // namespace

size_t PatternsOfWord(const Config& config, size_t index) {
  const auto patterns = config.patterns();
  const Pattern& first = patterns[index];
  const std::string_view written = config.text(first.written);
  size_t count = 1;
  if (written.find("@goprivate") == std::string_view::npos) {
    return count;
  }
  const auto belongs = [&](const Pattern& other) {
    return other.source.line == first.source.line && config.text(other.written) == written &&
           config.text(other.source.file) == config.text(first.source.file);
  };
  while (index + count < patterns.size() && belongs(patterns[index + count])) {
    ++count;
  }
  return count;
}

std::vector<config::Diagnostic> FindUnreachable(const Config& config) {
  std::vector<config::Diagnostic> out;
  const auto patterns = config.patterns();
  for (size_t i = 0; i < patterns.size();) {
    const size_t count = PatternsOfWord(config, i);
    // What NO_PROXY says is nobody's file.
    if (patterns[i].source.line > 0) {
      if (auto warning = Judge(config, patterns.first(i), patterns.subspan(i, count))) {
        out.push_back(std::move(*warning));
      }
    }
    i += count;
  }
  for (size_t i = 0; i < config.rewrites().size(); ++i) {
    if (auto warning = Judge(config, i)) {
      out.push_back(std::move(*warning));
    }
  }
  return out;
}

}  // namespace explain
