#include "config/rules_file.h"

#include <gtest/gtest.h>

#include <string>

#include "rules_text.h"

namespace config {
namespace {

const std::string kLong199 = "direct = " + std::string(190, 'a');  // 199 bytes
const std::string kLong198 = "direct = " + std::string(63, 'a') + "." + std::string(63, 'b') + "." +
                             std::string(61, 'c');  // 198 bytes

struct BadFile {
  const char* name;
  std::string text;
  std::string complaints;
};

const BadFile kBadFiles[] = {
    // Lines
    {"KeyBeforeSection", "default = direct\n",
     "t.conf:1: the key 'default' stands before any [section]\n"},
    {"NoEquals", "[gochain]\n\ndefault direct\n", "t.conf:3: expected KEY = VALUE\n"},
    {"NoEqualsButComment", "[gochain]\ndefault ; = direct\n", "t.conf:2: expected KEY = VALUE\n"},
    {"NoKey", "[gochain]\n= direct\n", "t.conf:2: no key before the '='\n"},
    {"HeaderWithoutEnd", "[gochain\ndefault = nowhere\n[rules]\nnowhere = *\n",
     "t.conf:1: the section header has no ']'\n"
     "t.conf:4: unknown route 'nowhere'\n"},
    {"TextBehindHeader", "[gochain] default = direct\n",
     "t.conf:1: text behind the section header's ']'\n"},
    {"IndentedHeader", "[gochain]\ndefault = direct\n  [rules]\nreject = x\n",
     "t.conf:3: a section header stands at the beginning of its line\n"},
    {"LongLine", "[rules]\n" + kLong199 + "\n",
     "t.conf:2: the line is 199 bytes long; at most 198 are taken\n"},
    {"LongLineTakesItsContinuations", "[rules]\n" + kLong199 + "\n   :0\nreject = :0\n",
     "t.conf:2: the line is 199 bytes long; at most 198 are taken\n"
     "t.conf:4: the pattern ':0' has a bad port: a number from 1 to 65535 or LOW-HIGH is needed\n"},
    {"LongContinuation", "[rules]\ndirect = a\n   " + std::string(300, 'b') + "\n   c/\n",
     "t.conf:3: the line is 303 bytes long; at most 198 are taken\n"
     "t.conf:4: the pattern 'c/' is neither a host name nor an address\n"},
    {"LongHeaderTakesItsSection", "[proxy " + std::string(200, 'x') + "]\nnonsense = 1\n",
     "t.conf:1: the line is 208 bytes long; at most 198 are taken\n"},
    {"LongComment", "# " + std::string(300, 'x') + "\n",
     "t.conf:1: the line is 302 bytes long; at most 198 are taken\n"},
    {"NulByte", std::string("[rules]\ndirect = a\0b\n", 21),
     "t.conf:2: the line has a control byte (0x00)\n"},
    {"EscapeByte", "[rules]\ndirect = \x1b[31m\n",
     "t.conf:2: the line has a control byte (0x1b)\n"},
    {"C1Control", "[rules]\ndirect = \xc2\x9b\n", "t.conf:2: the line has a control byte (0x9b)\n"},
    {"LoneCarriageReturn", "[rules]\ndirect = a\rb\n",
     "t.conf:2: the line has a control byte (0x0d)\n"},
    {"BadUtf8", "[rules]\ndirect = \xff\n", "t.conf:2: the line is not valid UTF-8\n"},
    {"ByteOrderMarkInTheMiddle", "[gochain]\n\xef\xbb\xbf[rules]\nreject = :0\n",
     "t.conf:2: a byte order mark stands only at the beginning of a file\n"
     "t.conf:3: the pattern ':0' has a bad port: a number from 1 to 65535 or LOW-HIGH is needed\n"},
    {"OverlongUtf8InComment", "# \xc0\xaf\n", "t.conf:1: the line is not valid UTF-8\n"},
    // Sections
    {"UnknownSection", "[prxy office]\nurl = nonsense\n",
     "t.conf:1: unknown section [prxy office] (did you mean 'proxy'?)\n"},
    {"UnknownEmptySection", "[nothing]\n", "t.conf:1: unknown section [nothing]\n"},
    {"UrlAsSection", "[http://alice:secret@h]\n",
     "t.conf:1: unknown section [http://alice:***@h]\n"},
    {"ProxyWithoutName", "[proxy]\nurl = http://h\n",
     "t.conf:1: the section has no name: write [proxy NAME]\n"},
    {"RulesWithName", "[rules extra]\nnobody = *\n",
     "t.conf:1: the section takes no name: write [rules]\n"},
    {"BadName", "[proxy of fice]\nurl = http://h\n",
     "t.conf:1: bad name 'of fice': letters, digits, '.', '-' and '_' make a name\n"},
    {"TakenName", "[proxy a]\nurl = http://h\n[chain a]\nhops = a\n",
     "t.conf:3: the name 'a' is taken by line 1\n"},
    {"ReservedName", "[proxy direct]\nurl = http://h\n", "t.conf:1: the name 'direct' is taken\n"},
    {"ProxyWithoutUrl", "[proxy a]\n[proxy b]\n",
     "t.conf:1: [proxy a] has no url\n"
     "t.conf:2: [proxy b] has no url\n"},
    {"ChainWithoutHops", "[chain c]\nmode = strict\n", "t.conf:1: [chain c] has no hops\n"},
    {"ChainWithEmptyHops", "[chain c]\nhops =\n", "t.conf:1: [chain c] has no hops\n"},
    // Keys and values
    {"UnknownKey", "[gochain]\ndefualt = direct\n",
     "t.conf:2: unknown key 'defualt' in [gochain] (did you mean 'default'?)\n"},
    {"UnknownKeyInProxy", "[proxy a]\nurl = http://h\nurI = x\n",
     "t.conf:3: unknown key 'urI' in [proxy a] (did you mean 'url'?)\n"},
    {"UnknownKeyWithContinuation", "[gochain]\nzzzzzzzz = 1\n   2\n",
     "t.conf:2: unknown key 'zzzzzzzz' in [gochain]\n"},
    {"UrlWithoutKey", "[proxy a]\nhttp://alice:secret@h\n",
     "t.conf:1: [proxy a] has no url\n"
     "t.conf:2: unknown key 'http' in [proxy a]\n"},
    {"EmptyValue", "[gochain]\ndefault =\n", "t.conf:2: 'default' has no value\n"},
    {"TwiceInOneSection", "[gochain]\ndns = local\ndns = remote\n",
     "t.conf:3: 'dns' is given twice; first on line 2\n"},
    {"TwiceInTwoSections", "[gochain]\ndns = local\n[rules]\n[gochain]\ndns = remote\n",
     "t.conf:5: 'dns' is given twice; first on line 2\n"},
    {"ScalarContinued", "[gochain]\ndefault = direct\n  dns = local\n",
     "t.conf:3: an indented line continues the line above, and 'default' takes one line\n"},
    {"UnknownDefault", "[gochain]\ndefault = crop\n[proxy corp]\nurl = http://h\n",
     "t.conf:2: unknown route 'crop' (did you mean 'corp'?)\n"},
    {"DefaultOfTwoWords", "[gochain]\ndefault = direct reject\n",
     "t.conf:2: unknown route 'direct reject'\n"},
    {"TimeoutZero", "[gochain]\nconnect_timeout = 0\n",
     "t.conf:2: bad connect_timeout '0': seconds above 0 and at most 3600 are needed\n"},
    {"TimeoutTooLong", "[gochain]\nconnect_timeout = 3600.001\n",
     "t.conf:2: bad connect_timeout '3600.001': seconds above 0 and at most 3600 are needed\n"},
    {"TimeoutWithUnit", "[gochain]\nconnect_timeout = 10s\n",
     "t.conf:2: bad connect_timeout '10s': seconds above 0 and at most 3600 are needed\n"},
    {"TimeoutNegative", "[gochain]\nconnect_timeout = -1\n",
     "t.conf:2: bad connect_timeout '-1': seconds above 0 and at most 3600 are needed\n"},
    {"TimeoutPointAlone", "[gochain]\nconnect_timeout = .\n",
     "t.conf:2: bad connect_timeout '.': seconds above 0 and at most 3600 are needed\n"},
    {"TimeoutHuge", "[gochain]\nconnect_timeout = 99999999999999999999999\n",
     "t.conf:2: bad connect_timeout '99999999999999999999999': seconds above 0 and at most 3600 "
     "are needed\n"},
    {"BadConnect", "[gochain]\nconnect = rely\n",
     "t.conf:2: bad connect 'rely': auto, direct or relay is needed (did you mean 'relay'?)\n"},
    {"BadUdp", "[gochain]\nudp = blok\n",
     "t.conf:2: bad udp 'blok': block or direct is needed (did you mean 'block'?)\n"},
    {"UdpThroughProxies", "[gochain]\nudp = proxy\n",
     "t.conf:2: bad udp 'proxy': block or direct is needed\n"},
    {"BadSetuid", "[gochain]\nsetuid = alow\n",
     "t.conf:2: bad setuid 'alow': refuse, warn or allow is needed (did you mean 'allow'?)\n"},
    {"BadDns", "[gochain]\ndns = remot\n",
     "t.conf:2: bad dns 'remot': remote or local is needed (did you mean 'remote'?)\n"},
    {"BadMode", "[proxy a]\nurl = http://h\n[chain c]\nhops = a\nmode = strickt\n",
     "t.conf:5: bad mode 'strickt': strict, dynamic, random, round_robin, failover or fastest is "
     "needed (did you mean 'strict'?)\n"},
    {"LengthNone", "[proxy a]\nurl = http://h\n[chain c]\nhops = a\nmode = random\nlength = 0\n",
     "t.conf:6: bad length '0': a number from 1 to 16 is needed\n"},
    {"LengthTooLong", "[proxy a]\nurl = http://h\n[chain c]\nlength = 2\nhops = a\nmode = random\n",
     "t.conf:4: length 2 is more than the hops of [chain c], which are 1\n"},
    {"LengthOfStrict", "[proxy a]\nurl = http://h\n[chain c]\nhops = a\nlength = 1\n",
     "t.conf:5: 'length' says nothing with mode = strict: random or round_robin is needed\n"},
    {"LengthOfABadMode",
     "[proxy a]\nurl = http://h\n[chain c]\nhops = a\nmode = rand\nlength = 1\n",
     "t.conf:5: bad mode 'rand': strict, dynamic, random, round_robin, failover or fastest is "
     "needed (did you mean 'random'?)\n"},
    {"ChainTimeoutZero", "[gochain]\nchain_timeout = 0\n",
     "t.conf:2: bad chain_timeout '0': seconds above 0 and at most 3600 are needed\n"},
    {"ChainTimeoutShort", "[gochain]\nchain_timeout = 4.9\nconnect_timeout = 5\n",
     "t.conf:2: chain_timeout is shorter than the connect_timeout of line 3\n"},
    {"RetryAfterWithUnit", "[gochain]\nretry_after = 30s\n",
     "t.conf:2: bad retry_after '30s': seconds above 0 and at most 3600 are needed\n"},
    {"BadUrl", "[proxy a]\nurl = sock5://alice:secret@h\n",
     "t.conf:2: unknown proxy type 'sock5' (did you mean 'socks5'?)\n"},
    {"SshPassword", "[proxy a]\nurl = ssh://alice:secret@h\n",
     "t.conf:2: the proxy URL 'ssh://alice:***@h' has a password; ssh logs in by keys and its "
     "agent\n"},
    {"UrlWithPath", "[proxy a]\nurl = http://alice:secret@h/x\n",
     "t.conf:2: the proxy URL 'http://alice:***@h/x' has a path, query or fragment; a proxy has "
     "none\n"},
    // Chains
    {"BadDnsOfAProxy", "[proxy a]\nurl = http://h\ndns = locl\n",
     "t.conf:3: bad dns 'locl': remote or local is needed (did you mean 'local'?)\n"},
    {"BadDnsOfAChain", "[proxy a]\nurl = http://h\n[chain c]\nhops = a\ndns = 1\n",
     "t.conf:5: bad dns '1': remote or local is needed\n"},
    {"UnknownHop", "[proxy far]\nurl = http://h\n[chain c]\nhops = fra\n",
     "t.conf:4: unknown proxy 'fra' (did you mean 'far'?)\n"},
    {"ChainAsHop", "[proxy a]\nurl = http://h\n[chain b]\nhops = a\n[chain c]\nhops = b\n",
     "t.conf:6: the hop 'b' is a chain; a hop is a proxy\n"},
    {"DirectAsHop", "[chain c]\nhops = direct\n",
     "t.conf:2: the hop 'direct' is no proxy; a hop is a proxy\n"},
    {"HopTwice",
     "[proxy a]\nurl = http://h\n[proxy b]\nurl = http://i\n[chain c]\nhops = a b\n  a\n",
     "t.conf:7: the hop 'a' stands twice in [chain c]\n"},
    {"HopsTwice", "[proxy a]\nurl = http://h\n[chain c]\nhops = a\nhops = a\n",
     "t.conf:5: 'hops' is given twice; first on line 4\n"},
    // Rules
    {"UnknownRoute", "[rules]\nofice = *\n[proxy office]\nurl = http://h\n",
     "t.conf:2: unknown route 'ofice' (did you mean 'office'?)\n"},
    {"UnknownRouteWithContinuation", "[rules]\nzzzzzzzz = a\n   b/c\n",
     "t.conf:2: unknown route 'zzzzzzzz'\n"},
    {"PatternBeforeRoute", "[rules]\ngithub.com:22 = direct\n",
     "t.conf:2: unknown route 'github.com'\n"},
    {"RuleWithoutPattern", "[rules]\ndirect =\nreject = ; none\n",
     "t.conf:2: the rule has no pattern\nt.conf:3: the rule has no pattern\n"},
    {"BadPatternOnContinuation", "[rules]\ndirect = a\n  b\n\n  10.1.0.0/8\n",
     "t.conf:5: the pattern '10.1.0.0/8' has bits set behind its prefix (did you mean "
     "'10.0.0.0/8'?)\n"},
    {"RuleIndented", "[rules]\n  direct = a\n  reject = b\n",
     "t.conf:3: the pattern '=' has a '='; a new rule starts at the beginning of its line\n"},
    {"CommentOfTheWrongKind", "[rules]\ndirect = a # and so on\n",
     "t.conf:2: the pattern '#' is no comment; behind a rule a comment starts with ';'\n"},
    {"UrlAsPattern", "[rules]\nreject = https://alice:secret@h/\n",
     "t.conf:2: the pattern 'https://alice:***@h/' is a URL; a pattern is a host or a network\n"},
    {"AllAtOnceSortedByLine",
     "[gochain]\ndefault = nobody\n[proxy a]\n[rules]\nreject = :0\ndirect = @lopback\n"
     "[chain c]\nhops = b\n",
     "t.conf:2: unknown route 'nobody'\n"
     "t.conf:3: [proxy a] has no url\n"
     "t.conf:5: the pattern ':0' has a bad port: a number from 1 to 65535 or LOW-HIGH is needed\n"
     "t.conf:6: unknown pattern '@lopback' (did you mean '@loopback'?)\n"
     "t.conf:8: unknown proxy 'b' (did you mean 'a'?)\n"},
};

class BadRulesFileTest : public testing::TestWithParam<BadFile> {};

TEST_P(BadRulesFileTest, IsRefusedWithTheseWords) {
  const BuiltText built(GetParam().text);
  EXPECT_EQ(built.Complaints(), GetParam().complaints);
  EXPECT_FALSE(built.ok());
  EXPECT_EQ(built.Complaints().find("secret"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Corpus, BadRulesFileTest, testing::ValuesIn(kBadFiles),
                         [](const auto& entry) { return std::string(entry.param.name); });

TEST(RulesFileTest, ReadsWhetherToPipeline) {
  const BuiltText built(
      "[proxy a]\nurl = socks5://a\npipeline = yes\n[proxy b]\nurl = http://b\npipeline = no\n"
      "[proxy c]\nurl = socks4://c\npipeline = auto\n[proxy d]\nurl = socks5://d\n");
  ASSERT_EQ(built.Complaints(), "");
  const Pipeline expected[] = {Pipeline::kYes, Pipeline::kNo, Pipeline::kAuto, Pipeline::kAuto};
  for (size_t i = 0; i < std::size(expected); ++i) {
    EXPECT_EQ(built.config().proxies()[i].pipeline, expected[i]) << i;
  }
}

TEST(RulesFileTest, ReadsWhetherDatagramsGoOut) {
  const auto udp = [](const std::string& line) {
    const BuiltText built("[gochain]\n" + line);
    EXPECT_EQ(built.Complaints(), "") << line;
    return built.config().globals().udp;
  };
  EXPECT_EQ(udp(""), Udp::kBlock);
  EXPECT_EQ(udp("udp = block\n"), Udp::kBlock);
  EXPECT_EQ(udp("udp = direct\n"), Udp::kDirect);
}

TEST(RulesFileTest, ReadsWhatBecomesOfProgramsWithRightsOfTheirOwn) {
  const std::pair<const char*, Setuid> words[] = {
      {"refuse", Setuid::kRefuse}, {"warn", Setuid::kWarn}, {"allow", Setuid::kAllow}};
  for (const auto& [word, setuid] : words) {
    const BuiltText built(std::string("[gochain]\nsetuid = ") + word + "\n");
    ASSERT_EQ(built.Complaints(), "");
    EXPECT_EQ(WithRights(built.config().globals(), false), setuid);
    EXPECT_EQ(WithRights(built.config().globals(), true), setuid);
  }
  const BuiltText built("[rules]\ndirect = *\n");
  EXPECT_EQ(WithRights(built.config().globals(), false), Setuid::kRefuse);
  EXPECT_EQ(WithRights(built.config().globals(), true), Setuid::kWarn);
}

TEST(RulesFileTest, ReadsTheContractsExample) {
  const BuiltText built(
      "[gochain]\n"
      "default = corp            ; route for what no rule names\n"
      "connect_timeout = 2.5\n"
      "dns = local\n"
      "[proxy office]            ; one hop\n"
      "url = http://alice:s%3Acret@proxy.Corp.example:8080\n"
      "[proxy far]\n"
      "url = socks5://127.0.0.1\n"
      "[chain corp]\n"
      "hops = office far\n"
      "mode = strict\n"
      "[rules]\n"
      "direct = @loopback .corp.example\n"
      "office = github.com:22 :9418\n"
      "reject = telemetry.example.org\n"
      "corp   = *\n");
  ASSERT_EQ(built.Complaints(), "");
  const Config& config = built.config();
  EXPECT_EQ(config.RouteName(config.globals().default_route), "corp");
  EXPECT_EQ(config.globals().default_source, DefaultSource::kFile);
  EXPECT_EQ(config.globals().default_line.line, 2u);
  EXPECT_EQ(config.globals().connect_timeout_ms, 2500u);
  EXPECT_EQ(config.globals().dns, Dns::kLocal);
  ASSERT_EQ(config.proxies().size(), 2u);
  const Proxy& office = config.proxies()[0];
  EXPECT_EQ(built.Text(office.name), "office");
  EXPECT_EQ(office.type, ProxyType::kHttp);
  EXPECT_EQ(built.Text(office.host), "proxy.corp.example");
  EXPECT_EQ(office.port, 8080);
  EXPECT_EQ(built.Text(office.user), "alice");
  EXPECT_EQ(built.Text(office.password), "s:cret");
  EXPECT_EQ(built.Text(office.source.line_text), "url = http://alice:***@proxy.Corp.example:8080");
  EXPECT_EQ(config.proxies()[1].port, 1080);
  ASSERT_EQ(config.HopCount(config.globals().default_route), 2u);
  EXPECT_EQ(built.Text(config.HopAt(config.globals().default_route, 1).name), "far");
  ASSERT_EQ(config.patterns().size(), 6u);
  EXPECT_EQ(built.Text(config.patterns()[2].written), "github.com:22");
  EXPECT_EQ(built.Text(config.patterns()[2].source.line_text), "office = github.com:22 :9418");
  EXPECT_EQ(config.patterns()[5].source.line, 16u);
  EXPECT_EQ(built.Text(config.patterns()[5].source.line_text), "corp   = *");
}

TEST(RulesFileTest, TakesModesOfChains) {
  const BuiltText built(
      "[proxy a]\nurl = http://h\n[proxy b]\nurl = http://i\n"
      "[chain s]\nhops = a b\n[chain t]\nhops = a b\nmode = strict\n"
      "[chain d]\nhops = a b\nmode = dynamic\n[chain r]\nlength = 2\nhops = a b\nmode = random\n"
      "[chain q]\nhops = a b\nmode = round_robin\n[chain f]\nhops = a b\nmode = failover\n"
      "[chain g]\nhops = a b\nmode = fastest\n");
  ASSERT_EQ(built.Complaints(), "");
  std::string modes;
  for (const Chain& chain : built.config().chains()) {
    modes += std::string(ModeWord(chain.mode)) + std::to_string(chain.length) + " ";
  }
  EXPECT_EQ(modes, "strict1 strict1 dynamic1 random2 round_robin1 failover1 fastest1 ");
}

TEST(RulesFileTest, GivesChainsAtLeastTheTimeOfAHop) {
  const auto times = [](const std::string& keys) {
    const BuiltText built("[gochain]\n" + keys);
    EXPECT_EQ(built.Complaints(), "");
    return built.config().globals();
  };
  EXPECT_EQ(times("").chain_timeout_ms, 60000u);
  EXPECT_EQ(times("").retry_after_ms, 30000u);
  EXPECT_EQ(times("connect_timeout = 90\n").chain_timeout_ms, 90000u);
  EXPECT_EQ(times("connect_timeout = 90\nchain_timeout = 90\n").chain_timeout_ms, 90000u);
  EXPECT_EQ(times("chain_timeout = 5\n").chain_timeout_ms, 5000u);
  EXPECT_EQ(times("retry_after = 0.5\n").retry_after_ms, 500u);
}

// A hop of SOCKS4 is complained about wherever some path of the mode has it before the other.
TEST(RulesFileTest, AsksWhatHopsCanBeToldForEachPathOfAMode) {
  const auto complaint = [](const std::string& hops, const std::string& mode) {
    return BuiltText(
               "[proxy four]\nurl = socks4://192.0.2.1\n[proxy near]\nurl = socks5://192.0.2.2\n"
               "[proxy name]\nurl = socks5://far.example\n[chain c]\nhops = " +
               hops + "\nmode = " + mode + "\n")
        .Complaints();
  };
  const std::string bad =
      "t.conf:7: the hop 'four' can't be told the name of the hop 'name' behind it: give its "
      "address, or use socks4a\n";
  EXPECT_EQ(complaint("four near name", "strict"), "");
  EXPECT_EQ(complaint("four near name", "dynamic"), bad);
  EXPECT_EQ(complaint("name near four", "dynamic"), "");
  EXPECT_EQ(complaint("name near four", "random\nlength = 2"), bad);
  EXPECT_EQ(complaint("name near four", "round_robin\nlength = 2"), bad);
  EXPECT_EQ(complaint("name near four", "random"), "");
  EXPECT_EQ(complaint("four name", "failover"), "");
  EXPECT_EQ(complaint("four name", "fastest"), "");
  EXPECT_EQ(complaint("four name", "strict"), bad);
}

TEST(RulesFileTest, LooksNamesUpHereWhereAPathMayEndAtSocks4) {
  const auto dns = [](const std::string& hops, const std::string& mode) {
    const BuiltText built(
        "[proxy four]\nurl = socks4://192.0.2.1\n[proxy five]\nurl = socks5://192.0.2.2\n"
        "[chain c]\nhops = " +
        hops + "\nmode = " + mode + "\n");
    EXPECT_EQ(built.Complaints(), "");
    return built.config().DnsOf({RouteKind::kChain, 0});
  };
  EXPECT_EQ(dns("four five", "strict"), Dns::kRemote);
  EXPECT_EQ(dns("five four", "strict"), Dns::kLocal);
  for (const char* mode : {"dynamic", "random", "round_robin", "failover", "fastest"}) {
    EXPECT_EQ(dns("four five", mode), Dns::kLocal) << mode;
    EXPECT_EQ(dns("five", mode), Dns::kRemote) << mode;
  }
}

TEST(RulesFileTest, TakesADnsOfEachRoute) {
  const BuiltText built(
      "[gochain]\ndns = local\n[proxy a]\nurl = http://a\ndns = remote\n[proxy b]\nurl = "
      "http://b\n[chain c]\nhops = a\n[chain d]\nhops = b\ndns = remote\n");
  ASSERT_EQ(built.Complaints(), "");
  const Config& config = built.config();
  EXPECT_EQ(config.DnsOf({RouteKind::kProxy, 0}), Dns::kRemote);
  EXPECT_EQ(config.DnsOf({RouteKind::kProxy, 1}), Dns::kLocal);
  EXPECT_EQ(config.DnsOf({RouteKind::kChain, 0}), Dns::kLocal);  // its hop's dns says nothing here
  EXPECT_EQ(config.DnsOf({RouteKind::kChain, 1}), Dns::kRemote);
}

TEST(RulesFileTest, HidesWhatMayBeAPasswordWhereverItStands) {
  const BuiltText built(
      "[rules]\ndirect = alice:secret@h:8080\ndirect = exe:git@@nothing\n"
      "[gochain]\ndefault = socks5://alice:secret@h\n");
  EXPECT_EQ(built.Complaints().find("secret"), std::string::npos) << built.Complaints();
  EXPECT_NE(built.Complaints().find("'@nothing'"), std::string::npos) << built.Complaints();
}

TEST(RulesFileTest, KeepsThePasswordOutOfEveryText) {
  const BuiltText built("[proxy a]\nurl = socks5://bob:hunter2@h ; or bob@i\n[rules]\na = *\n");
  ASSERT_TRUE(built.ok());
  const Proxy& proxy = built.config().proxies()[0];
  EXPECT_EQ(built.Text(proxy.password), "hunter2");
  EXPECT_EQ(built.Text(proxy.source.line_text).find("hunter2"), std::string::npos);
  EXPECT_EQ(built.Text(proxy.name), "a");
}

TEST(RulesFileTest, NamesTheContinuationsOwnLine) {
  const BuiltText built("[rules]\n\ndirect = a b\n  # a comment\n   c d\n\treject.example\n");
  ASSERT_EQ(built.Complaints(), "");
  const auto patterns = built.config().patterns();
  ASSERT_EQ(patterns.size(), 5u);
  EXPECT_EQ(patterns[1].source.line, 3u);
  EXPECT_EQ(patterns[2].source.line, 5u);
  EXPECT_EQ(built.Text(patterns[3].source.line_text), "c d");
  EXPECT_EQ(patterns[4].source.line, 6u);
  EXPECT_EQ(built.Text(patterns[4].host), "reject.example");
}

TEST(RulesFileTest, TakesABracketedAddressOnAContinuation) {
  const BuiltText built("[rules]\nreject = a\n  [2001:db8::1]:22\n");
  ASSERT_EQ(built.Complaints(), "");
  EXPECT_EQ(built.config().patterns()[1].kind, PatternKind::kAddress);
  EXPECT_EQ(built.config().patterns()[1].low_port, 22);
}

TEST(RulesFileTest, LeavesCommentsOutOfEveryLine) {
  const BuiltText built("[rules] ; one\nreject = a ; two b\n  c ; three\n  ; four\n  d;e.f\n");
  EXPECT_EQ(built.Complaints(),
            "t.conf:5: the pattern 'd;e.f' is neither a host name nor an address\n");
  const BuiltText good("[rules] # one\nreject = a ; two b\n  c ; three\n  # four\n");
  ASSERT_EQ(good.Complaints(), "");
  ASSERT_EQ(good.config().patterns().size(), 2u);
  EXPECT_EQ(good.Text(good.config().patterns()[1].written), "c");
  EXPECT_EQ(good.Text(good.config().patterns()[1].source.line_text), "c ; three");
}

TEST(RulesFileTest, StartsAListOnTheNextLine) {
  const BuiltText built("[rules]\nreject =\n  a\n  b\n");
  ASSERT_EQ(built.Complaints(), "");
  EXPECT_EQ(built.config().patterns().size(), 2u);
}

TEST(RulesFileTest, TakesALineOf198Bytes) {
  ASSERT_EQ(kLong198.size(), 198u);
  ASSERT_EQ(kLong199.size(), 199u);
  for (const char* const end : {"", "\n", "\r\n"}) {
    const BuiltText built("[rules]\n" + kLong198 + end);
    ASSERT_EQ(built.Complaints(), "");
    EXPECT_EQ(built.Text(built.config().patterns()[0].host).size(), 189u);
  }
}

TEST(RulesFileTest, TakesByteOrderMarkAndCarriageReturns) {
  const BuiltText built(
      "\xef\xbb\xbf[gochain]\r\ndefault = reject\r\n\r\n[rules]\r\ndirect = a\r\n");
  ASSERT_EQ(built.Complaints(), "");
  EXPECT_EQ(built.config().globals().default_route.kind, RouteKind::kReject);
  EXPECT_EQ(built.Text(built.config().patterns()[0].source.line_text), "direct = a");
}

TEST(RulesFileTest, TakesAChainBeforeItsSectionAndAColonForEquals) {
  const BuiltText built(
      "[rules]\nc: *\n[chain c]\nhops : b a\n[proxy a]\nurl=http://h\n[proxy b]\nurl: "
      "socks5h://i\n");
  ASSERT_EQ(built.Complaints(), "");
  const Route route = built.config().patterns()[0].route;
  ASSERT_EQ(built.config().HopCount(route), 2u);
  EXPECT_EQ(built.Text(built.config().HopAt(route, 0).host), "i");
}

TEST(RulesFileTest, TakesSixteenHopsAndRefusesSeventeen) {
  std::string text;
  std::string hops = "hops =";
  for (int i = 0; i < 16; ++i) {
    text += "[proxy p" + std::to_string(i) + "]\nurl = http://h" + std::to_string(i) + "\n";
    hops += " p" + std::to_string(i);
  }
  const BuiltText sixteen(text + "[chain c]\n" + hops + "\n");
  ASSERT_EQ(sixteen.Complaints(), "");
  EXPECT_EQ(sixteen.config().chains()[0].hop_count, 16);
  const BuiltText seventeen(text + "[proxy q]\nurl = http://q\n[chain c]\n" + hops + " q\n");
  EXPECT_EQ(seventeen.Complaints(), "t.conf:36: more than 16 hops in [chain c]\n");
}

TEST(RulesFileTest, RoundsTimeoutsUpToAMillisecond) {
  const struct {
    const char* text;
    uint32_t ms;
  } cases[] = {{"10", 10000}, {"0.5", 500},      {"0.0001", 1},   {".25", 250},
               {"1.0", 1000}, {"3600", 3600000}, {"1.2345", 1235}};
  for (const auto& c : cases) {
    const BuiltText built(std::string("[gochain]\nconnect_timeout = ") + c.text + "\n");
    ASSERT_EQ(built.Complaints(), "") << c.text;
    EXPECT_EQ(built.config().globals().connect_timeout_ms, c.ms) << c.text;
  }
}

TEST(RulesFileTest, KeepsSectionNamesLongerThanInihDoes) {
  const std::string a(60, 'a');
  const std::string b = a + "b";
  const BuiltText built("[proxy " + a + "]\nurl = http://h\n[proxy " + b + "]\nurl = http://i\n" +
                        "[rules]\n" + b + " = x\n  y\n");
  ASSERT_EQ(built.Complaints(), "");
  EXPECT_EQ(built.config().RouteName(built.config().patterns()[1].route), b);
}

TEST(RulesFileTest, LeavesTheDefaultDirectWithASingleProxy) {
  const BuiltText built("[proxy a]\nurl = http://h\n");
  ASSERT_TRUE(built.ok());
  EXPECT_EQ(built.config().globals().default_route.kind, RouteKind::kDirect);
  EXPECT_EQ(built.config().globals().default_source, DefaultSource::kBuiltIn);
}

}  // namespace
}  // namespace config
