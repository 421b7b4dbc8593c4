#include "proxychains/chain.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/ascii.h"
#include "config/config.h"
#include "config/ini_file.h"
#include "config/proxy_url.h"

namespace proxychains {
namespace {

constexpr std::string_view kName = "proxychains";
constexpr std::string_view kUrlKey = "url = ";

// How a chain mode comes out.
struct ModeRow {
  std::string_view directive;
  bool takes_all;               // all proxies of the list; else chain_len of them
  std::string_view difference;  // empty: none
};
constexpr ModeRow kModes[] = {
    {"strict_chain", true, ""},
    {"dynamic_chain", true,
     "chains are strict here: a proxy that is down fails the connection instead of being passed "
     "over"},
    {"random_chain", false, "chains are strict here: each connection takes the same proxies"},
    {"round_robin_chain", false, "chains are strict here: each connection takes the same proxies"},
};

// How a type of proxy comes out.
struct TypeRow {
  std::string_view type;
  std::string_view scheme;  // empty: not to be had
  bool has_password;
  std::string_view why_not;
};
constexpr TypeRow kTypes[] = {
    {"http", "http", true, ""},
    {"socks5", "socks5", true, ""},
    // For an address the two are the same bytes, and for a name proxychains sends socks4a's too.
    {"socks4", "socks4a", false, ""},
    {"raw", "", false,
     "no proxy of gochain's takes each connection for its own, whatever the target"},
};

// All but the unreserved characters of RFC 3986 §2.3.
std::string PercentEncode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = base::IsLetterOrDigit(c) || c == '-' || c == '.' || c == '_' || c == '~';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

// The proxy's URL; empty where it has none, with a remark why.
std::string UrlOf(const Proxy& proxy, Remarks* remarks) {
  const auto* const row = std::find_if(std::begin(kTypes), std::end(kTypes),
                                       [&](const TypeRow& r) { return r.type == proxy.type; });
  if (row == std::end(kTypes)) {
    remarks->Warn(proxy.line, "unknown type of proxy: http, socks4, socks5 or raw is needed");
    return {};
  }
  if (row->scheme.empty()) {
    remarks->Warn(proxy.line, fmt::format("{}: {}", row->type, row->why_not));
    return {};
  }
  std::string url = fmt::format("{}://", row->scheme);
  if (!proxy.user.empty()) {
    const bool password = row->has_password && !proxy.password.empty();
    url += PercentEncode(proxy.user);
    url += password ? ":" + PercentEncode(proxy.password) + "@" : "@";
  }
  const bool v6 = proxy.host.find(':') != std::string::npos;
  url += fmt::format("{}{}{}:{}", v6 ? "[" : "", proxy.host, v6 ? "]" : "", proxy.port);
  config::ProxyUrl parsed;
  if (const auto complaint = config::ParseProxyUrl(url, &parsed)) {
    remarks->Warn(proxy.line, complaint->message);
    return {};
  }
  if (kUrlKey.size() + url.size() > config::kLongestLine) {
    remarks->Warn(proxy.line, fmt::format("its URL is longer than a line of a rules file can be, "
                                          "{} bytes",
                                          config::kLongestLine));
    return {};
  }
  return url;
}

// With one proxy all modes are alike.
void RemarkOnMode(const ConfFile& conf, const ModeRow& mode, size_t all, size_t length,
                  Remarks* remarks) {
  if (!mode.difference.empty() && all > 1) {
    remarks->Warn(
        conf.chain.line,
        fmt::format("{}{}: {}{}", mode.directive,
                    conf.chain.line == 0 ? ", as no mode is given" : "", mode.difference,
                    mode.takes_all ? "" : fmt::format(", the first {} of {}", length, all)));
  }
  if (mode.takes_all && conf.chain_length.line > 0) {
    remarks->Note(conf.chain_length.line,
                  fmt::format("chain_len: it says nothing with {}", mode.directive));
  } else if (!mode.takes_all && conf.chain_length.value > all) {
    remarks->Warn(conf.chain_length.line, fmt::format("chain_len: there are only {} proxies", all));
  }
}

std::string ChainSection(size_t length) {
  std::string out = fmt::format("[chain {}]\nhops =", kName);
  for (size_t i = 1; i <= length; ++i) {
    out += fmt::format(" proxy{}", i);
  }
  return out + "\n\n";
}

}  // namespace

Chain TranslateChain(const ConfFile& conf, Remarks* remarks) {
  Chain out;
  size_t good = 0;
  for (const Proxy& proxy : conf.proxies) {
    const std::string url = UrlOf(proxy, remarks);
    if (!url.empty()) {
      out.sections += fmt::format("[proxy proxy{}]\n{}{}\n\n", ++good, kUrlKey, url);
      out.has_password = out.has_password || !proxy.password.empty();
    }
  }
  const size_t all = conf.proxies.size() + conf.bad_proxies;
  const ModeRow& mode =
      *std::find_if(std::begin(kModes), std::end(kModes),
                    [&](const ModeRow& row) { return row.directive == conf.chain.value; });
  const size_t length = mode.takes_all ? all : std::min<size_t>(conf.chain_length.value, all);
  RemarkOnMode(conf, mode, all, length, remarks);
  if (good < length) {
    remarks->Warn(0,
                  "default = reject: not every proxy of the chain can be had, and nothing may "
                  "go round it");
    out.route = "reject";
  } else if (length > config::kMaxHops) {
    remarks->Warn(0, fmt::format("default = reject: a chain has at most {} hops, and this one {}",
                                 config::kMaxHops, length));
    out.route = "reject";
  } else {
    out.sections += ChainSection(length);
    out.route = kName;
  }
  return out;
}

}  // namespace proxychains
