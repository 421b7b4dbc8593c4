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
  config::ChainMode mode;
};
constexpr ModeRow kModes[] = {
    {"strict_chain", config::ChainMode::kStrict},
    {"dynamic_chain", config::ChainMode::kDynamic},
    {"random_chain", config::ChainMode::kRandom},
    {"round_robin_chain", config::ChainMode::kRoundRobin},
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

void RemarkOnLength(const ConfFile& conf, const ModeRow& mode, size_t all, Remarks* remarks) {
  if (!config::HasLength(mode.mode) && conf.chain_length.line > 0) {
    remarks->Note(conf.chain_length.line,
                  fmt::format("chain_len: it says nothing with {}", mode.directive));
  } else if (config::HasLength(mode.mode) && conf.chain_length.value > all) {
    remarks->Warn(conf.chain_length.line, fmt::format("chain_len: there are only {} proxies", all));
  }
}

// With one proxy all modes are alike.
std::string ChainSection(config::ChainMode mode, size_t hops, size_t length) {
  std::string out = fmt::format("[chain {}]\nhops =", kName);
  for (size_t i = 1; i <= hops; ++i) {
    out += fmt::format(" proxy{}", i);
  }
  if (hops > 1 && mode != config::ChainMode::kStrict) {
    out += fmt::format("\nmode = {}", config::ModeWord(mode));
    out += config::HasLength(mode) ? fmt::format("\nlength = {}", length) : "";
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
  const bool takes_all = !config::HasLength(mode.mode);
  const size_t length = takes_all ? all : std::min<size_t>(conf.chain_length.value, all);
  RemarkOnLength(conf, mode, all, remarks);
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
    const size_t hops = std::min(good, config::kMaxHops);
    if (good > hops) {
      remarks->Warn(0, fmt::format("{}: a chain has at most {} hops: the other {} are left out",
                                   mode.directive, config::kMaxHops, good - hops));
    }
    out.sections += ChainSection(mode.mode, hops, length);
    out.route = kName;
  }
  return out;
}

}  // namespace proxychains
