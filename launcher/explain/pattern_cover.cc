#include "explain/pattern_cover.h"

#include <array>
#include <string>
#include <string_view>

#include "rules/rules.h"

namespace explain {
namespace {

using config::Config;
using config::Pattern;
using config::PatternKind;

constexpr std::string_view kLocalhost = "localhost";

bool TakesEveryHost(const Pattern& pattern) {
  return pattern.exe_only || pattern.kind == PatternKind::kAny;
}

// Does the host of `pattern` take `name`? Its port and program don't count.
bool TakesName(const Config& config, const Pattern& pattern, std::string_view name) {
  rules::Query query;
  query.name = name;
  query.port = pattern.low_port;
  query.exe = config.text(pattern.exe);
  return rules::Matches(config, pattern, query);
}

bool IsSelfOrBelow(std::string_view name, std::string_view host) {
  return name == host || (name.size() > host.size() && name.ends_with(host) &&
                          name[name.size() - host.size() - 1] == '.');
}

// All names of `narrow`, a glob, end with what stands behind its last special byte. Where that
// holds a '.' and then `host`, they lie below `host`.
bool GlobIsBelow(std::string_view glob, std::string_view host) {
  const std::string_view end = glob.substr(glob.find_last_of("*?[]\\") + 1);
  return end.size() > host.size() && IsSelfOrBelow(end, host);
}

// All names that `narrow` takes are `host` or below it; or strictly below it, where `below`.
bool NamesAreUnder(const Config& config, const Pattern& narrow, std::string_view host, bool below) {
  const std::string_view text = config.text(narrow.host);
  switch (narrow.kind) {
    case PatternKind::kExact:
    case PatternKind::kSelfOrBelow:
      return IsSelfOrBelow(text, host) && !(below && text == host);
    case PatternKind::kBelow:
      return IsSelfOrBelow(text, host);
    case PatternKind::kGlob:
    case PatternKind::kGoGlob:
      return GlobIsBelow(text, host);
    case PatternKind::kAny:
    case PatternKind::kAddress:
    case PatternKind::kLoopback:
    case PatternKind::kPrivate:
    case PatternKind::kList:
      return false;
  }
  return false;
}

// A '*' of a glob takes any bytes of a label, a '*' too, and is taken by nothing but a '*': so a
// glob that takes the other's text takes all that the other does.
bool GlobCovers(const Config& config, const Pattern& glob, const Pattern& narrow) {
  const bool one_depth = narrow.kind == PatternKind::kExact || narrow.kind == PatternKind::kGlob;
  return one_depth && TakesName(config, glob, config.text(narrow.host));
}

// Go's '*' takes dots too: so it can take all that lies below a name.
bool GoGlobCovers(const Config& config, const Pattern& glob, const Pattern& narrow) {
  const std::string_view text = config.text(glob.host);
  const std::string host(config.text(narrow.host));
  if (narrow.kind == PatternKind::kExact) {
    return TakesName(config, glob, host);
  }
  if (narrow.kind == PatternKind::kGoGlob && host == text) {
    return true;
  }
  // What '?' and '[^a]' take of the other's text would say nothing about what its '*' takes.
  if (text.find_first_of("?[\\") != std::string_view::npos) {
    return false;
  }
  switch (narrow.kind) {
    case PatternKind::kSelfOrBelow:
      return TakesName(config, glob, host) && TakesName(config, glob, "*." + host);
    case PatternKind::kBelow:
      return TakesName(config, glob, "*." + host);
    case PatternKind::kGlob:
      return TakesName(config, glob, host);
    case PatternKind::kExact:
    case PatternKind::kGoGlob:
    case PatternKind::kAny:
    case PatternKind::kAddress:
    case PatternKind::kLoopback:
    case PatternKind::kPrivate:
    case PatternKind::kList:
      return false;
  }
  return false;
}

base::IpAddress LastAddress(const Pattern& network) {
  const auto first = network.address.bytes();
  std::array<uint8_t, 16> bytes{};
  for (size_t i = 0; i < first.size(); ++i) {
    const size_t kept = network.prefix_bits > i * 8 ? network.prefix_bits - i * 8 : 0;
    bytes[i] = static_cast<uint8_t>(first[i] | (kept < 8 ? 0xff >> kept : 0));
  }
  return first.size() == 4 ? base::IpAddress::V4Bytes(std::span(bytes).first<4>())
                           : base::IpAddress::V6Bytes(bytes);
}

bool IsWithinPrivate(const Pattern& narrow) {
  // No network begins in one private block and ends in another, or in the same one further on.
  return narrow.kind == PatternKind::kPrivate ||
         (narrow.kind == PatternKind::kAddress && narrow.address.IsPrivate() &&
          LastAddress(narrow).IsPrivate());
}

bool IsWithinLoopback(const Config& config, const Pattern& narrow) {
  if (narrow.kind == PatternKind::kAddress) {
    // 0.0.0.0/1 begins and ends at loopback addresses.
    return narrow.address.IsLoopback() && LastAddress(narrow).IsLoopback() &&
           (!narrow.address.IsAny() || narrow.prefix_bits >= 8);
  }
  return narrow.kind == PatternKind::kLoopback || NamesAreUnder(config, narrow, kLocalhost, false);
}

bool HostCovers(const Config& config, const Pattern& wide, const Pattern& narrow) {
  if (TakesEveryHost(wide)) {
    return true;
  }
  if (TakesEveryHost(narrow)) {
    return false;
  }
  switch (wide.kind) {
    case PatternKind::kAny:
      return true;
    case PatternKind::kExact:
      return narrow.kind == PatternKind::kExact &&
             config.text(wide.host) == config.text(narrow.host);
    case PatternKind::kSelfOrBelow:
      return NamesAreUnder(config, narrow, config.text(wide.host), false);
    case PatternKind::kBelow:
      return NamesAreUnder(config, narrow, config.text(wide.host), true);
    case PatternKind::kGlob:
      return GlobCovers(config, wide, narrow);
    case PatternKind::kGoGlob:
      return GoGlobCovers(config, wide, narrow);
    case PatternKind::kAddress:
      return narrow.kind == PatternKind::kAddress && narrow.prefix_bits >= wide.prefix_bits &&
             narrow.address.InPrefix(wide.address, wide.prefix_bits);
    case PatternKind::kLoopback:
      return IsWithinLoopback(config, narrow);
    case PatternKind::kPrivate:
      return IsWithinPrivate(narrow);
    case PatternKind::kList:
      return narrow.kind == PatternKind::kList && wide.list == narrow.list;
  }
  return false;
}

}  // namespace

bool Covers(const Config& config, const Pattern& wide, const Pattern& narrow) {
  return wide.low_port <= narrow.low_port && wide.high_port >= narrow.high_port &&
         (wide.exe.size == 0 || config.text(wide.exe) == config.text(narrow.exe)) &&
         HostCovers(config, wide, narrow);
}

}  // namespace explain
