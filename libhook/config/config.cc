#include "config/config.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "config/image.h"

namespace config {
namespace {

// Looks at every record of an image; the limits are those of the image at hand.
class ImageChecker {
 public:
  explicit ImageChecker(const ImageHeader& header)
      : proxies_(header.proxy_count),
        chains_(header.chain_count),
        patterns_(header.pattern_count),
        lists_(header.list_count),
        text_(header.text_size) {}

  bool Takes(const Globals& globals) const {
    return Takes(globals.default_route) && globals.default_source <= DefaultSource::kEnvironment &&
           globals.dns >= Dns::kRemote && globals.dns <= Dns::kLocal &&
           globals.connect <= Connect::kRelay && globals.udp <= Udp::kDirect &&
           globals.connect <= Connect::kRelay && globals.setuid <= Setuid::kAllow &&
           globals.connect_timeout_ms > 0 && globals.chain_timeout_ms > 0 &&
           globals.retry_after_ms > 0 && Takes(globals.default_line);
  }

  bool Takes(const Proxy& proxy) const {
    return Takes(proxy.name) && proxy.type <= ProxyType::kSsh && Takes(proxy.host) &&
           proxy.host.size > 0 && proxy.port > 0 && Takes(proxy.user) && Takes(proxy.password) &&
           proxy.dns <= Dns::kLocal && IsBool(proxy.is_first_hop) && IsBool(proxy.default_port) &&
           proxy.auth <= Auth::kNegotiate && proxy.pipeline <= Pipeline::kNo &&
           proxy.pool <= kMaxPool && IsBool(proxy.pool_at_once) && IsBool(proxy.insecure) &&
           Takes(proxy.workstation) && Takes(proxy.ca_file) && Takes(proxy.client_cert) &&
           Takes(proxy.client_key) && Takes(proxy.ssh_config) && Takes(proxy.source);
  }

  bool Takes(const Chain& chain) const {
    if (!Takes(chain.name) || chain.mode > ChainMode::kFastest || chain.hop_count == 0 ||
        chain.hop_count > kMaxHops || chain.length == 0 || chain.length > chain.hop_count ||
        chain.dns > Dns::kLocal || !Takes(chain.source)) {
      return false;
    }
    for (size_t i = 0; i < chain.hop_count; ++i) {
      if (chain.hops[i] >= proxies_) {
        return false;
      }
    }
    return true;
  }

  bool Takes(const Pattern& pattern) const {
    return pattern.kind <= PatternKind::kList && IsBool(pattern.exe_only) &&
           pattern.low_port <= pattern.high_port &&
           (pattern.kind != PatternKind::kList || pattern.list < lists_) && Takes(pattern.host) &&
           Takes(pattern.address) && pattern.prefix_bits <= pattern.address.bytes().size() * 8 &&
           Takes(pattern.exe) && Takes(pattern.written) && Takes(pattern.route) &&
           Takes(pattern.source);
  }

  bool Takes(const HashedPattern& hashed) const { return Takes(hashed.pattern); }
  bool Takes(uint32_t pattern) const { return pattern < patterns_; }

  bool Takes(const List& list) const {
    return Takes(list.path) && Takes(list.full_path) && Takes(list.source);
  }

  bool Takes(const Rewrite& rewrite) const {
    return Takes(rewrite.name) && Takes(rewrite.from) && Takes(rewrite.to_host) &&
           IsBool(rewrite.to_is_address) && Takes(rewrite.to_address) && Takes(rewrite.source);
  }

  bool Takes(const HostAddress& host) const {
    return Takes(host.name) && Takes(host.address) && Takes(host.source);
  }

 private:
  // A bool that is neither 0 nor 1 must not be read as one.
  static bool IsBool(const bool& value) {
    uint8_t byte = 0;
    std::memcpy(&byte, &value, 1);
    return byte <= 1;
  }

  static bool Takes(const base::IpAddress& address) {
    return address.family() <= base::IpAddress::Family::kV6;
  }
  bool Takes(Text text) const { return text.offset <= text_ && text.size <= text_ - text.offset; }
  bool Takes(const Source& source) const { return Takes(source.file) && Takes(source.line_text); }
  bool Takes(Route route) const {
    switch (route.kind) {
      case RouteKind::kDirect:
      case RouteKind::kReject:
        return true;
      case RouteKind::kProxy:
        return route.index < proxies_;
      case RouteKind::kChain:
        return route.index < chains_;
    }
    return false;
  }

  size_t proxies_;
  size_t chains_;
  size_t patterns_;
  size_t lists_;
  size_t text_;
};

template <typename T>
bool TakesAll(const ImageChecker& checker, std::span<const T> records) {
  for (const T& record : records) {
    if (!checker.Takes(record)) {
      return false;
    }
  }
  return true;
}

template <typename T>
std::span<const T> Records(std::span<const uint8_t> image, size_t offset, size_t count) {
  return {reinterpret_cast<const T*>(image.data() + offset), count};
}

// std::ranges::equal_range, whose subrange clang 14 can't make of a span.
template <typename T, typename Value, typename Projection>
std::span<const T> EqualRange(std::span<const T> records, const Value& value,
                              Projection projection) {
  return {std::ranges::lower_bound(records, value, {}, projection),
          std::ranges::upper_bound(records, value, {}, projection)};
}

}  // namespace

base::Result<Config> Config::FromImage(std::span<const uint8_t> image) {
  const base::Error bad{EINVAL, "config image"};
  ImageHeader header;
  if (image.size() < sizeof header ||
      reinterpret_cast<uintptr_t>(image.data()) % kImageAlignment != 0) {
    return bad;
  }
  std::memcpy(&header, image.data(), sizeof header);
  if (header.magic != kImageMagic || header.proxy_count > kMaxProxies ||
      header.chain_count > kMaxChains || header.pattern_count > kMaxPatterns ||
      header.hashed_count > header.pattern_count || header.list_count > kMaxLists ||
      header.rewrite_count > kMaxRewrites || header.host_count > kMaxHosts ||
      header.text_size > kMaxText) {
    return bad;
  }
  const ImageLayout layout = LayoutOf(header);
  if (layout.end != header.size || layout.end > image.size()) {
    return bad;
  }
  Config out;
  out.globals_ = Records<Globals>(image, layout.globals, 1).data();
  out.proxies_ = Records<Proxy>(image, layout.proxies, header.proxy_count);
  out.chains_ = Records<Chain>(image, layout.chains, header.chain_count);
  out.patterns_ = Records<Pattern>(image, layout.patterns, header.pattern_count);
  out.hashed_patterns_ = Records<HashedPattern>(image, layout.hashed, header.hashed_count);
  out.other_patterns_ =
      Records<uint32_t>(image, layout.others, header.pattern_count - header.hashed_count);
  out.lists_ = Records<List>(image, layout.lists, header.list_count);
  out.rewrites_ = Records<Rewrite>(image, layout.rewrites, header.rewrite_count);
  out.hosts_ = Records<HostAddress>(image, layout.hosts, header.host_count);
  out.text_ = {reinterpret_cast<const char*>(image.data() + layout.text), header.text_size};
  const ImageChecker checker(header);
  if (!checker.Takes(*out.globals_) || !TakesAll(checker, out.proxies_) ||
      !TakesAll(checker, out.chains_) || !TakesAll(checker, out.patterns_) ||
      !TakesAll(checker, out.hashed_patterns_) || !TakesAll(checker, out.other_patterns_) ||
      !TakesAll(checker, out.lists_) || !TakesAll(checker, out.rewrites_) ||
      !TakesAll(checker, out.hosts_)) {
    return bad;
  }
  for (const Pattern& pattern : out.patterns_) {
    out.has_program_patterns_ = out.has_program_patterns_ || pattern.exe.size > 0;
  }
  return out;
}

bool ImageNeedsRelay(std::span<const uint8_t> image) {
  ImageHeader header;
  if (image.size() < sizeof header) {
    return false;
  }
  std::memcpy(&header, image.data(), sizeof header);
  return std::ranges::any_of(Records<Proxy>(image, LayoutOf(header).proxies, header.proxy_count),
                             NeedsRelay);
}

std::string_view Scheme(ProxyType type) {
  switch (type) {
    case ProxyType::kSocks5:
      return "socks5";
    case ProxyType::kHttp:
      return "http";
    case ProxyType::kSocks4:
      return "socks4";
    case ProxyType::kSocks4a:
      return "socks4a";
    case ProxyType::kHttps:
      return "https";
    case ProxyType::kSsh:
      return "ssh";
  }
  return {};
}

std::span<const HashedPattern> Config::PatternsOfHost(uint32_t hash) const {
  return EqualRange(hashed_patterns_, hash, &HashedPattern::hash);
}

std::string_view Config::RouteName(Route route) const {
  switch (route.kind) {
    case RouteKind::kDirect:
      return "direct";
    case RouteKind::kReject:
      return "reject";
    case RouteKind::kProxy:
      return text(proxies_[route.index].name);
    case RouteKind::kChain:
      return text(chains_[route.index].name);
  }
  return {};
}

size_t Config::HopCount(Route route) const {
  switch (route.kind) {
    case RouteKind::kDirect:
    case RouteKind::kReject:
      return 0;
    case RouteKind::kProxy:
      return 1;
    case RouteKind::kChain:
      return chains_[route.index].hop_count;
  }
  return 0;
}

const Proxy& Config::HopAt(Route route, size_t index) const {
  return proxies_[HopIndexAt(route, index)];
}

uint16_t Config::HopIndexAt(Route route, size_t index) const {
  return route.kind == RouteKind::kProxy ? route.index : chains_[route.index].hops[index];
}

Dns Config::DnsOf(Route route) const {
  Dns own = Dns::kInherit;
  switch (route.kind) {
    case RouteKind::kDirect:
      return Dns::kLocal;
    case RouteKind::kReject:
      return Dns::kRemote;
    case RouteKind::kProxy:
      own = proxies_[route.index].dns;
      break;
    case RouteKind::kChain:
      own = chains_[route.index].dns;
      break;
  }
  // The last hop is the one that would look the target's name up; in a mode that leaves some out
  // each hop may be the last.
  const size_t count = HopCount(route);
  const bool strict =
      route.kind == RouteKind::kProxy || chains_[route.index].mode == ChainMode::kStrict;
  for (size_t i = strict ? count - 1 : 0; i < count; ++i) {
    if (HopAt(route, i).type == ProxyType::kSocks4) {
      return Dns::kLocal;
    }
  }
  return own == Dns::kInherit ? globals_->dns : own;
}

std::span<const HostAddress> Config::HostAddresses(std::string_view name) const {
  return EqualRange(hosts_, name, [this](const HostAddress& host) { return text(host.name); });
}

}  // namespace config
