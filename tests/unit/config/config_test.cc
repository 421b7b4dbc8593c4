#include "config/config.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "config/host_hash.h"
#include "config/image.h"
#include "config/image_writer.h"
#include "rules_text.h"

namespace config {
namespace {

constexpr const char* kRules =
    "[gochain]\ndefault = c\n"
    "[proxy a]\nurl = http://u:p@h\n[proxy b]\nurl = socks5://[::1]\n"
    "[chain c]\nhops = a b\n"
    "[rules]\ndirect = .x 10.0.0.0/8 fd00::/8:1-2\nb = exe:ssh exe:git@y:22\nreject = g*.z\n";

// An image on its own heap block, so that a read past its end is seen by AddressSanitizer.
class Bytes {
 public:
  explicit Bytes(std::span<const uint8_t> image) : data_(image.begin(), image.end()) {}

  template <typename T>
  T Get(size_t at) const {
    T value;
    std::memcpy(static_cast<void*>(&value), data_.data() + at, sizeof value);
    return value;
  }
  template <typename T>
  void Set(size_t at, const T& value) {
    std::memcpy(data_.data() + at, static_cast<const void*>(&value), sizeof value);
  }
  uint8_t& operator[](size_t at) { return data_[at]; }
  size_t size() const { return data_.size(); }
  base::Result<Config> View() const { return Config::FromImage(data_); }

 private:
  std::vector<uint8_t> data_;
};

// Reads all that a view offers; the sum keeps the reads from being optimised away.
size_t ReadEverything(const Config& config) {
  size_t sum = 0;
  const auto text = [&](Text t) {
    for (const char c : config.text(t)) {
      sum += static_cast<unsigned char>(c);
    }
  };
  const auto route = [&](Route r) {
    sum += config.RouteName(r).size();
    for (size_t i = 0; i < config.HopCount(r); ++i) {
      text(config.HopAt(r, i).host);
    }
  };
  route(config.globals().default_route);
  text(config.globals().default_line.line_text);
  for (const Proxy& proxy : config.proxies()) {
    text(proxy.name);
    text(proxy.user);
    text(proxy.password);
    text(proxy.source.file);
  }
  for (const Chain& chain : config.chains()) {
    text(chain.name);
    text(chain.source.line_text);
  }
  for (const Pattern& pattern : config.patterns()) {
    text(pattern.host);
    text(pattern.exe);
    text(pattern.written);
    text(pattern.source.line_text);
    route(pattern.route);
    sum += pattern.address.InPrefix(pattern.address, pattern.prefix_bits) ? 1u : 0u;
  }
  for (const Pattern& pattern : config.patterns()) {
    for (const HashedPattern& found :
         config.PatternsOfHost(HostHash::Of(config.text(pattern.host)))) {
      text(config.patterns()[found.pattern].host);
    }
  }
  for (const uint32_t index : config.other_patterns()) {
    text(config.patterns()[index].written);
  }
  for (const List& list : config.lists()) {
    text(list.path);
    text(list.full_path);
    text(list.source.line_text);
  }
  for (const Rewrite& rewrite : config.rewrites()) {
    text(rewrite.name);
    text(rewrite.from.host);
    text(rewrite.to_host);
    sum += rewrite.to_is_address ? rewrite.to_address.bytes().size() : 0;
  }
  for (const HostAddress& host : config.hosts()) {
    sum += config.HostAddresses(config.text(host.name)).size();
  }
  return sum;
}

class ConfigTest : public testing::Test {
 protected:
  ConfigTest() : built_(kRules), bytes_(built_.image()) {
    EXPECT_EQ(built_.Complaints(), "");
    layout_ = LayoutOf(bytes_.Get<ImageHeader>(0));
  }

  // Changes one member of the record at `at` and expects the image to be refused.
  template <typename Record, typename Change>
  void ExpectRefused(size_t at, Change change) {
    Bytes bytes = bytes_;
    auto record = bytes.Get<Record>(at);
    change(record);
    bytes.Set(at, record);
    EXPECT_FALSE(bytes.View().ok());
  }

  BuiltText built_;
  Bytes bytes_;
  ImageLayout layout_;
};

TEST_F(ConfigTest, ReadsItsOwnImage) {
  const auto view = bytes_.View();
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->proxies().size(), 2u);
  EXPECT_EQ(view->chains().size(), 1u);
  EXPECT_EQ(view->patterns().size(), 6u);
  EXPECT_GT(ReadEverything(view.value()), 0u);
}

TEST_F(ConfigTest, RefusesEveryTruncation) {
  for (size_t size = 0; size < bytes_.size(); ++size) {
    const std::vector<uint8_t> cut(built_.image().begin(),
                                   built_.image().begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(Config::FromImage(cut).ok()) << size;
  }
}

TEST_F(ConfigTest, TakesBytesBehindItsEnd) {
  std::vector<uint8_t> longer = built_.image();
  longer.resize(longer.size() + 4096);
  EXPECT_TRUE(Config::FromImage(longer).ok());
}

TEST_F(ConfigTest, RefusesAMisalignedImage) {
  std::vector<uint8_t> moved(1);
  moved.insert(moved.end(), built_.image().begin(), built_.image().end());
  EXPECT_FALSE(Config::FromImage(std::span(moved).subspan(1)).ok());
}

TEST_F(ConfigTest, RefusesBadCounts) {
  const auto refuse = [this](auto change) { ExpectRefused<ImageHeader>(0, change); };
  refuse([](ImageHeader& h) { h.magic ^= 1; });
  refuse([](ImageHeader& h) { h.size += 1; });
  refuse([](ImageHeader& h) { h.proxy_count += 1; });
  refuse([](ImageHeader& h) { h.chain_count = 0; });
  refuse([](ImageHeader& h) { h.pattern_count = UINT32_MAX; });
  refuse([](ImageHeader& h) { h.hashed_count = h.pattern_count + 1; });
  refuse([](ImageHeader& h) { h.hashed_count = UINT32_MAX; });
  refuse([](ImageHeader& h) { h.list_count = UINT32_MAX; });
  refuse([](ImageHeader& h) { h.rewrite_count = UINT32_MAX; });
  refuse([](ImageHeader& h) { h.host_count = UINT32_MAX; });
  refuse([](ImageHeader& h) { h.text_size = UINT32_MAX; });
  refuse([](ImageHeader& h) { h.text_size -= 1; });
}

TEST_F(ConfigTest, RefusesBadGlobals) {
  const auto refuse = [this](auto change) { ExpectRefused<Globals>(layout_.globals, change); };
  refuse([](Globals& g) { g.default_route.index = 1; });
  refuse([](Globals& g) { g.default_route.kind = static_cast<RouteKind>(4); });
  refuse([](Globals& g) { g.default_source = static_cast<DefaultSource>(4); });
  refuse([](Globals& g) { g.dns = static_cast<Dns>(3); });
  refuse([](Globals& g) { g.dns = Dns::kInherit; });
  refuse([](Globals& g) { g.connect = static_cast<Connect>(3); });
  refuse([](Globals& g) { g.udp = static_cast<Udp>(2); });
  refuse([](Globals& g) { g.setuid = static_cast<Setuid>(4); });
  refuse([](Globals& g) { g.connect_timeout_ms = 0; });
  refuse([](Globals& g) { g.default_line.line_text.offset = UINT32_MAX; });
  refuse([](Globals& g) { g.default_line.file.size = UINT32_MAX; });
}

TEST_F(ConfigTest, RefusesBadProxiesAndChains) {
  const auto proxy = [this](auto change) { ExpectRefused<Proxy>(layout_.proxies, change); };
  proxy([](Proxy& p) { p.type = static_cast<ProxyType>(6); });
  proxy([](Proxy& p) { p.port = 0; });
  proxy([](Proxy& p) { p.host.size = 0; });
  proxy([](Proxy& p) { p.name.offset = 1u << 30; });
  proxy([](Proxy& p) { p.password.size = 1u << 30; });
  proxy([](Proxy& p) { p.dns = static_cast<Dns>(3); });
  proxy([](Proxy& p) { std::memset(static_cast<void*>(&p.is_first_hop), 2, 1); });
  proxy([](Proxy& p) { p.auth = static_cast<Auth>(5); });
  proxy([](Proxy& p) { p.pipeline = static_cast<Pipeline>(3); });
  proxy([](Proxy& p) { std::memset(static_cast<void*>(&p.insecure), 2, 1); });
  proxy([](Proxy& p) { p.workstation.size = 1u << 30; });
  proxy([](Proxy& p) { p.ca_file.size = 1u << 30; });
  proxy([](Proxy& p) { p.client_cert.size = 1u << 30; });
  proxy([](Proxy& p) { p.client_key.size = 1u << 30; });
  proxy([](Proxy& p) { p.ssh_config.size = 1u << 30; });
  const auto chain = [this](auto change) { ExpectRefused<Chain>(layout_.chains, change); };
  chain([](Chain& c) { c.hop_count = 0; });
  chain([](Chain& c) { c.hop_count = 17; });
  chain([](Chain& c) { c.hops[1] = 2; });
  chain([](Chain& c) { c.mode = static_cast<ChainMode>(6); });
  chain([](Chain& c) { c.dns = static_cast<Dns>(3); });
  chain([](Chain& c) { c.length = 0; });
  chain([](Chain& c) { c.length = static_cast<uint16_t>(c.hop_count + 1); });
}

TEST_F(ConfigTest, RefusesBadPatterns) {
  const auto refuse = [this](auto change) {
    ExpectRefused<Pattern>(layout_.patterns + sizeof(Pattern), change);  // 10.0.0.0/8
  };
  refuse([](Pattern& p) { p.kind = static_cast<PatternKind>(10); });
  refuse([](Pattern& p) { p.kind = PatternKind::kList, p.list = 1; });
  refuse([](Pattern& p) { p.prefix_bits = 33; });
  refuse([](Pattern& p) { p.low_port = 2, p.high_port = 1; });
  refuse([](Pattern& p) { p.host.size = 1u << 31; });
  refuse([](Pattern& p) { p.route = {RouteKind::kProxy, 2}; });
  refuse([](Pattern& p) { p.route = {RouteKind::kChain, 1}; });
  refuse([](Pattern& p) { std::memset(static_cast<void*>(&p.exe_only), 2, 1); });
  refuse([](Pattern& p) { std::memset(static_cast<void*>(&p.address), 0xee, sizeof p.address); });
}

TEST_F(ConfigTest, RefusesABadIndexOfPatterns) {
  ExpectRefused<HashedPattern>(layout_.hashed, [](HashedPattern& h) { h.pattern = 6; });
  ExpectRefused<uint32_t>(layout_.others, [](uint32_t& pattern) { pattern = 6; });
}

TEST_F(ConfigTest, FindsPatternsByTheirHost) {
  const BuiltText built("[rules]\nreject = a.b *.a.b exe:x .a.b :1 .b *b 10.0.0.0/8 exe:x@a.b\n");
  const auto indexes = [&](std::string_view host) {
    std::string out;
    for (const HashedPattern& found : built.config().PatternsOfHost(HostHash::Of(host))) {
      out += std::to_string(found.pattern) + " ";
    }
    return out;
  };
  EXPECT_EQ(indexes("a.b"), "0 1 3 8 ");
  EXPECT_EQ(indexes("b"), "5 ");
  EXPECT_EQ(indexes("c"), "");
  const auto others = built.config().other_patterns();
  EXPECT_EQ(std::vector<uint32_t>(others.begin(), others.end()),
            (std::vector<uint32_t>{2, 4, 6, 7}));
}

TEST_F(ConfigTest, KnowsWhichProxiesAreFirstHops) {
  const auto first_hops = [](const char* rest) {
    const BuiltText built(
        "[proxy p]\nurl = http://p\n[proxy q]\nurl = http://q\n[proxy r]\nurl = http://r\n" +
        std::string(rest));
    EXPECT_EQ(built.Complaints(), "");
    std::string out;
    for (const Proxy& proxy : built.config().proxies()) {
      out += proxy.is_first_hop ? built.Text(proxy.name) : "";
    }
    return out;
  };
  EXPECT_EQ(first_hops(""), "");
  EXPECT_EQ(first_hops("[chain c]\nhops = q r\n"), "q");
  for (const char* mode : {"dynamic", "random", "round_robin", "failover", "fastest"}) {
    EXPECT_EQ(first_hops(("[chain c]\nhops = q r\nmode = " + std::string(mode)).c_str()), "qr")
        << mode;
  }
  EXPECT_EQ(first_hops("[gochain]\ndefault = r\n"), "r");
  EXPECT_EQ(first_hops("[chain c]\nhops = q r\n[rules]\nr = a\nc = b\n"), "qr");
}

TEST_F(ConfigTest, RefusesBadRewritesHostsAndLists) {
  ImageWriter writer;
  writer.AddList({writer.AddText("l"), writer.AddText("/l"), {}});
  ParsedPattern from;
  ASSERT_EQ(ParsePattern("10.0.0.0/8:80", &from), std::nullopt);
  Rewrite rewrite;
  rewrite.name = writer.AddText("r");
  rewrite.to_host = writer.AddText("h.example");
  writer.AddRewrite(rewrite, from, "10.0.0.0/8:80");
  writer.AddHostAddress("h.example", *base::IpAddress::Parse("::1"), {});
  bytes_ = Bytes(writer.Finish());
  layout_ = LayoutOf(bytes_.Get<ImageHeader>(0));
  ASSERT_TRUE(bytes_.View().ok());
  ReadEverything(bytes_.View().value());
  ExpectRefused<List>(layout_.lists, [](List& l) { l.full_path.size = 1u << 30; });
  ExpectRefused<List>(layout_.lists, [](List& l) { l.source.file.size = 1u << 30; });
  const auto refuse = [this](auto change) { ExpectRefused<Rewrite>(layout_.rewrites, change); };
  refuse([](Rewrite& r) { r.name.size = 1u << 30; });
  refuse([](Rewrite& r) { r.to_host.offset = 1u << 30; });
  refuse([](Rewrite& r) { r.from.prefix_bits = 33; });
  refuse([](Rewrite& r) { std::memset(static_cast<void*>(&r.to_is_address), 2, 1); });
  refuse([](Rewrite& r) {
    std::memset(static_cast<void*>(&r.to_address), 0xee, sizeof r.to_address);
  });
  const auto host = [this](auto change) { ExpectRefused<HostAddress>(layout_.hosts, change); };
  host([](HostAddress& h) { h.name.size = 1u << 30; });
  host([](HostAddress& h) { std::memset(static_cast<void*>(&h.address), 0xee, sizeof h.address); });
}

TEST_F(ConfigTest, FindsTheAddressesOfAHostInTheirOrder) {
  ImageWriter writer;
  constexpr const char* kHosts[][2] = {
      {"b", "192.0.2.9"}, {"a", "192.0.2.1"}, {"b", "192.0.2.3"}, {"b.c", "::1"}};
  for (const auto& [name, address] : kHosts) {
    writer.AddHostAddress(name, *base::IpAddress::Parse(address), {});
  }
  const std::vector<uint8_t> image = writer.Finish();
  const auto config = Config::FromImage(image);
  ASSERT_TRUE(config.ok());
  ASSERT_EQ(config->HostAddresses("b").size(), 2u);
  EXPECT_EQ(config->HostAddresses("b")[0].address, *base::IpAddress::Parse("192.0.2.9"));
  EXPECT_EQ(config->HostAddresses("b")[1].address, *base::IpAddress::Parse("192.0.2.3"));
  EXPECT_EQ(config->HostAddresses("a").size(), 1u);
  EXPECT_EQ(config->HostAddresses("b.c").size(), 1u);
  EXPECT_TRUE(config->HostAddresses("c").empty());
}

TEST_F(ConfigTest, SaysWhoLooksUpNames) {
  auto globals = bytes_.Get<Globals>(layout_.globals);
  auto chain = bytes_.Get<Chain>(layout_.chains);
  chain.dns = Dns::kLocal;
  bytes_.Set(layout_.chains, chain);
  const auto dns = [this](Route route) { return bytes_.View()->DnsOf(route); };
  EXPECT_EQ(dns({RouteKind::kDirect, 0}), Dns::kLocal);
  EXPECT_EQ(dns({RouteKind::kReject, 0}), Dns::kRemote);
  EXPECT_EQ(dns({RouteKind::kProxy, 0}), Dns::kRemote);
  EXPECT_EQ(dns({RouteKind::kChain, 0}), Dns::kLocal);
  globals.dns = Dns::kLocal;
  bytes_.Set(layout_.globals, globals);
  EXPECT_EQ(dns({RouteKind::kProxy, 0}), Dns::kLocal);
}

TEST_F(ConfigTest, NeverReadsOutsideWhateverByteIsWrong) {
  std::mt19937 random(1);
  size_t taken = 0;
  for (size_t at = 0; at < bytes_.size(); ++at) {
    for (const int value : {0x00, 0x01, 0x7f, 0x80, 0xff, static_cast<int>(random() & 0xff)}) {
      Bytes bytes = bytes_;
      bytes[at] = static_cast<uint8_t>(value);
      if (const auto view = bytes.View(); view.ok()) {
        ++taken;
        ReadEverything(view.value());
      }
    }
  }
  // Lines, ports, padding and the text itself may be anything.
  EXPECT_GT(taken, bytes_.size());
}

TEST_F(ConfigTest, TellsFromAnImageWhetherSomeProxyNeedsTheRelay) {
  const auto image_with = [](ProxyType type, Auth auth) {
    ImageWriter writer;
    for (const bool last : {false, true}) {
      Proxy proxy;
      proxy.host = writer.AddText("proxy.example");
      proxy.port = 1;
      proxy.type = last ? type : ProxyType::kSocks5;
      proxy.auth = last ? auth : Auth::kAny;
      writer.AddProxy(proxy);
    }
    return writer.Finish();
  };
  for (const ProxyType type :
       {ProxyType::kSocks5, ProxyType::kSocks4, ProxyType::kSocks4a, ProxyType::kHttp}) {
    EXPECT_FALSE(ImageNeedsRelay(image_with(type, Auth::kAny)));
  }
  EXPECT_FALSE(ImageNeedsRelay(image_with(ProxyType::kHttp, Auth::kNtlm)));
  EXPECT_TRUE(ImageNeedsRelay(image_with(ProxyType::kHttp, Auth::kNegotiate)));
  EXPECT_TRUE(ImageNeedsRelay(image_with(ProxyType::kHttps, Auth::kAny)));
  EXPECT_TRUE(ImageNeedsRelay(image_with(ProxyType::kSsh, Auth::kAny)));
  EXPECT_FALSE(ImageNeedsRelay({}));
}

}  // namespace
}  // namespace config
