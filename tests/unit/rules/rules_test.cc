#include "rules/rules.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <span>
#include <string>

#include "../config/rules_text.h"

namespace rules {
namespace {

using config::BuiltText;

// A config by its text, and a target in words: "name|address port [exe]", where either of name and
// address may be missing.
class Asked {
 public:
  explicit Asked(std::string_view words) {
    const size_t bar = words.find('|');
    const size_t blank = words.find(' ');
    name_ = words.substr(0, bar);
    const std::string_view address = words.substr(bar + 1, blank - bar - 1);
    if (!address.empty()) {
      address_ = base::IpAddress::Parse(address);
      EXPECT_TRUE(address_) << words;
    }
    std::string_view rest = words.substr(blank + 1);
    query_.port = static_cast<uint16_t>(atoi(std::string(rest.substr(0, rest.find(' '))).c_str()));
    if (rest.find(' ') != std::string_view::npos) {
      exe_ = rest.substr(rest.find(' ') + 1);
    }
    query_.name = name_;
    query_.exe = exe_;
    query_.address = address_ ? &*address_ : nullptr;
  }
  const Query& query() const { return query_; }

 private:
  std::string name_;
  std::string exe_;
  std::optional<base::IpAddress> address_;
  Query query_;
};

// "LINE ROUTE", or "REASON ROUTE" where no line decides.
std::string Decided(const config::Config& config, const Query& query) {
  constexpr const char* kReasons[] = {"rule",        "default",  "command line",
                                      "environment", "loopback", "first hop"};
  const Decision decision = Decide(config, query);
  EXPECT_EQ(decision.pattern != nullptr, decision.reason == Reason::kRule);
  const std::string why = decision.pattern != nullptr
                              ? std::to_string(decision.pattern->source.line)
                              : kReasons[static_cast<size_t>(decision.reason)];
  return why + " " + std::string(config.RouteName(decision.route));
}

struct Case {
  const char* target;
  const char* decided;
};

void ExpectDecisions(std::string_view rules, std::span<const Case> cases) {
  const BuiltText built(rules);
  ASSERT_EQ(built.Complaints(), "");
  for (const Case& c : cases) {
    EXPECT_EQ(Decided(built.config(), Asked(c.target).query()), c.decided) << c.target;
  }
}

TEST(DecideTest, FollowsTheContractsExample) {
  constexpr Case kCases[] = {
      {"proxy.golang.org| 443", "15 corp"},
      {"git.internal.example| 443", "11 direct"},
      {"x.git.internal.example| 443", "15 corp"},
      {"a.corp.example| 22", "11 direct"},
      {"a.b.corp.example| 22", "11 direct"},
      {"corp.example| 22", "15 corp"},
      {"notcorp.example| 22", "15 corp"},
      {"github.com| 22", "12 office"},
      {"github.com| 443", "15 corp"},
      {"api.github.com| 22", "15 corp"},
      {"anything| 9418", "12 office"},
      {"|198.51.100.1 9418", "12 office"},
      {"a.corp.example| 9418", "11 direct"},
      {"telemetry.example.org| 443", "13 reject"},
      {"telemetry.example.org| 9418", "12 office"},
      {"|10.1.2.3 443", "11 direct"},
      {"|192.168.0.1 443", "11 direct"},
      {"|172.16.0.1 443", "11 direct"},
      {"|172.32.0.1 443", "15 corp"},
      {"|100.64.0.1 443", "11 direct"},
      {"|169.254.1.1 80", "11 direct"},
      {"|fd12::1 80", "11 direct"},
      {"|fe80::1 80", "11 direct"},
      {"|2001:db8::1 80", "15 corp"},
      {"|::ffff:10.1.2.3 80", "11 direct"},
      {"|198.51.100.1 80", "15 corp"},
      {"|127.0.0.1 80", "11 direct"},
      {"localhost| 80", "11 direct"},
      {"proxy.golang.org|10.0.0.1 443", "11 direct"},
      {"proxy.golang.org|198.51.100.1 443", "15 corp"},
      {"proxy.corp.example| 8080", "11 direct"},
      {"proxy.corp.example| 8081", "11 direct"},
      {"far.example| 1080", "15 corp"},
  };
  ExpectDecisions(
      "[gochain]\ndefault = corp\n"
      "[proxy office]\nurl = http://proxy.corp.example:8080\n"
      "[proxy far]\nurl = socks5://far.example\n"
      "[chain corp]\nhops = office far\n"
      "[rules]\n\ndirect = @loopback @private *.corp.example git.internal.example\n"
      "office = github.com:22 :9418\nreject = telemetry.example.org\n\ncorp   = *\n",
      std::span(kCases));
}

TEST(DecideTest, TakesTheFirstMatch) {
  constexpr Case kCases[] = {
      {"a.x| 80", "2 reject"},  {"b.x| 80", "3 direct"},      {"a.x| 443", "4 reject"},
      {"b.x| 443", "4 reject"}, {"y| 443", "default direct"},
  };
  ExpectDecisions("[rules]\nreject = a.x:80\ndirect = .x:80\nreject = .x\n", std::span(kCases));
}

TEST(DecideTest, MatchesNamesByForm) {
  constexpr Case kCases[] = {
      {"exact.example| 1", "2 reject"},
      {"a.exact.example| 1", "default direct"},
      {"xexact.example| 1", "default direct"},
      {"exact.example.org| 1", "default direct"},
      {"self.example| 1", "3 reject"},
      {"a.self.example| 1", "3 reject"},
      {"a.b.self.example| 1", "3 reject"},
      {"myself.example| 1", "default direct"},
      {"below.example| 1", "default direct"},
      {"a.below.example| 1", "4 reject"},
      {"a.b.below.example| 1", "4 reject"},
      {"xbelow.example| 1", "default direct"},
      {"git.glob.example| 1", "5 reject"},
      {"github.glob.example| 1", "5 reject"},
      {"git.hub.glob.example| 1", "default direct"},
      {"xgit.glob.example| 1", "default direct"},
      {"git.glob.example.org| 1", "default direct"},
      {"a.mid.b| 1", "6 reject"},
      {"a..b| 1", "default direct"},
      {"a.m.i.b| 1", "default direct"},
      {"a.b| 1", "default direct"},
      {"xabyabz| 1", "7 reject"},
      {"ab| 1", "default direct"},
      {"abab| 1", "7 reject"},
      {"ab.ab| 1", "default direct"},
      {"aab.cc| 1", "8 reject"},
      {"aab.c.c| 1", "default direct"},
      {"|192.0.2.1 1", "default direct"},
  };
  ExpectDecisions(
      "[rules]\nreject = exact.example\nreject = .self.example\nreject = *.below.example\n"
      "reject = git*.glob.example\nreject = a.m*.b\nreject = *ab*ab*\nreject = *b.c*\n",
      std::span(kCases));
}

TEST(DecideTest, MatchesAddressesByPrefix) {
  constexpr Case kCases[] = {
      {"|10.0.0.0 1", "2 reject"},
      {"|10.255.255.255 1", "2 reject"},
      {"|11.0.0.0 1", "default direct"},
      {"|9.255.255.255 1", "default direct"},
      {"|::ffff:10.0.0.1 1", "2 reject"},
      {"|192.0.2.7 1", "3 reject"},
      {"|192.0.2.8 1", "default direct"},
      {"|198.51.100.130 1", "4 reject"},
      {"|198.51.100.127 1", "default direct"},
      {"|fdff::1 1", "5 reject"},
      {"|fc00::1 1", "default direct"},
      {"|2001:db8::1 22", "6 reject"},
      {"|2001:db8::1 23", "default direct"},
      {"|2001:db8::2 22", "default direct"},
      {"|203.0.113.9 1", "7 reject"},
      {"ten.example| 1", "default direct"},
      {"ten.example|10.1.1.1 1", "2 reject"},
      {"ten.example|fd00::1 1", "5 reject"},
  };
  ExpectDecisions(
      "[rules]\nreject = 10.0.0.0/8\nreject = 192.0.2.7\nreject = 198.51.100.128/25\n"
      "reject = fd00::/8\nreject = [2001:db8::1]:22\nreject = ::ffff:203.0.113.0/120\n",
      std::span(kCases));
}

TEST(DecideTest, TakesOneFamilyForOneFamily) {
  constexpr Case kV4[] = {{"|198.51.100.1 1", "2 reject"}, {"|2001:db8::1 1", "default direct"}};
  ExpectDecisions("[rules]\nreject = 0.0.0.0/0\n", kV4);
  constexpr Case kV6[] = {{"|198.51.100.1 1", "default direct"}, {"|2001:db8::1 1", "2 reject"}};
  ExpectDecisions("[rules]\nreject = ::/0\n", kV6);
}

TEST(DecideTest, MatchesPortsAtTheEdges) {
  constexpr Case kCases[] = {
      {"a| 79", "default direct"}, {"a| 80", "2 reject"},          {"a| 90", "2 reject"},
      {"a| 91", "default direct"}, {"b| 1", "default direct"},     {"b| 65535", "3 reject"},
      {"c| 80", "default direct"}, {"c| 65534", "default direct"},
  };
  ExpectDecisions("[rules]\nreject = a:80-90\nreject = :65535\n", std::span(kCases));
}

TEST(DecideTest, MatchesPrograms) {
  constexpr Case kCases[] = {
      {"a.github.com| 22 ssh", "2 reject"},
      {"a.github.com| 22 curl", "default direct"},
      {"a.github.com| 22", "default direct"},
      {"a.github.com| 22 SSH", "default direct"},
      {"github.com| 22 ssh", "default direct"},
      {"anything| 1 node", "3 reject"},
      {"|198.51.100.1 1 node", "3 reject"},
      {"anything| 1 nodejs", "default direct"},
      {"x| 22 git", "4 reject"},
      {"x| 23 git", "default direct"},
      {"|127.0.0.1 1 node", "loopback direct"},
      {"|127.0.0.1 22 git", "loopback direct"},
      {"localhost| 1 node", "loopback direct"},
      {"|127.0.0.1 1 java", "5 reject"},
      {"|127.0.0.1 1 python3", "loopback direct"},
  };
  ExpectDecisions(
      "[rules]\nreject = exe:ssh@*.github.com\nreject = exe:node\nreject = exe:git@:22\n"
      "reject = exe:java@@loopback\n",
      std::span(kCases));
}

TEST(DecideTest, LeavesLoopbackDirectUnlessARuleNamesIt) {
  constexpr Case kWide[] = {
      {"|127.0.0.1 80", "loopback direct"}, {"|127.255.255.254 80", "loopback direct"},
      {"|::1 80", "loopback direct"},       {"|0.0.0.0 80", "loopback direct"},
      {"|:: 80", "loopback direct"},        {"|::ffff:127.0.0.1 80", "loopback direct"},
      {"localhost| 80", "loopback direct"}, {"app.localhost| 80", "loopback direct"},
      {"notlocalhost| 80", "3 reject"},     {"myhost|127.0.1.1 80", "loopback direct"},
      {"named|127.0.1.1 80", "5 reject"},   {"named| 80", "3 reject"},
      {"|128.0.0.1 80", "3 reject"},
  };
  ExpectDecisions(
      "[gochain]\n[rules]\nreject = * :80 0.0.0.0/0 ::/0 126.0.0.0/7 local* 0.0.0.0/8 ::/127\n"
      "reject = @private\nreject = named\n",
      std::span(kWide));
  constexpr Case kNamed[] = {
      {"|127.0.0.1 80", "2 reject"},     {"|127.0.0.1 81", "loopback direct"},
      {"|127.1.0.1 81", "3 reject"},     {"|127.2.0.1 81", "loopback direct"},
      {"|::1 81", "4 reject"},           {"|0.0.0.0 81", "5 reject"},
      {"|:: 81", "loopback direct"},     {"localhost| 81", "6 reject"},
      {"app.localhost| 81", "7 reject"}, {"|::ffff:127.1.0.9 1", "3 reject"},
      {"app.localhost| 82", "7 reject"}, {"localhost|127.9.9.9 81", "6 reject"},
  };
  ExpectDecisions(
      "[rules]\nreject = 127.0.0.1:80\nreject = 127.1.0.0/16\nreject = ::1\nreject = 0.0.0.0\n"
      "reject = localhost\nreject = *.localhost\n",
      std::span(kNamed));
  constexpr Case kSet[] = {
      {"|127.0.0.1 80", "2 reject"},
      {"|127.0.0.1 81", "loopback direct"},
      {"localhost| 80", "2 reject"},
      {"app.localhost| 80", "2 reject"},
      {"|:: 80", "2 reject"},
      {"|192.0.2.1 80", "default direct"},
      {"myhost|127.0.1.1 80", "2 reject"},
  };
  ExpectDecisions("[rules]\nreject = @loopback:80\n", std::span(kSet));
}

TEST(DecideTest, LeavesFirstHopsDirectUnlessARuleNamesThem) {
  constexpr Case kCases[] = {
      {"first.example| 8080", "first hop direct"},
      {"first.example| 8081", "18 reject"},
      {"|198.51.100.7 1080", "first hop direct"},
      {"|::ffff:198.51.100.7 1080", "first hop direct"},
      {"|198.51.100.7 1081", "18 reject"},
      {"|2001:db8::7 1080", "first hop direct"},
      {"second.example| 1080", "18 reject"},
      {"unused.example| 1080", "18 reject"},
      {"first.example|203.0.113.1 8080", "first hop direct"},
  };
  constexpr std::string_view kProxies =
      "[gochain]\ndefault = v6\n"
      "[proxy first]\nurl = http://first.example\n[proxy second]\nurl = socks5://second.example\n"
      "[proxy v4]\nurl = socks5://198.51.100.7\n[proxy v6]\nurl = socks5://[2001:db8::7]\n"
      "[proxy unused]\nurl = socks5://unused.example\n"
      "[chain c]\nhops = first second\n";
  ExpectDecisions(std::string(kProxies) +
                      "[rules]\nv4 = unrelated.example\n\n"
                      "reject = * :8080 :1080 0.0.0.0/0 @private exe:ssh 198.51.100.0/24\n",
                  std::span(kCases));
  constexpr Case kNamed[] = {
      {"first.example| 8080", "16 c"},
      {"|198.51.100.7 1080", "17 reject"},
      {"|2001:db8::7 1080", "18 c"},
  };
  ExpectDecisions(std::string(kProxies) +
                      "[rules]\nc = .example\nreject = 198.51.100.7\nc = [2001:db8::7]:1080\n"
                      "v4 = unrelated.example\n",
                  std::span(kNamed));
}

TEST(DecideTest, SaysWhereTheDefaultComesFrom) {
  config::Inputs inputs;
  inputs.proxy_urls = {"http://h"};
  EXPECT_EQ(Decided(BuiltText(inputs).config(), Asked("a| 1").query()), "command line cmdline");
  inputs.urls_from_environment = true;
  EXPECT_EQ(Decided(BuiltText(inputs).config(), Asked("a| 1").query()), "environment environment");
  EXPECT_EQ(Decided(BuiltText("").config(), Asked("a| 1").query()), "default direct");
}

TEST(DecideTest, ObeysNoProxy) {
  config::Inputs inputs;
  inputs.all_proxy = "http://h";
  inputs.no_proxy = "corp.example,10.0.0.0/8,:9418";
  const BuiltText built(inputs);
  const auto decided = [&](const char* target) {
    return Decided(built.config(), Asked(target).query());
  };
  EXPECT_EQ(decided("corp.example| 1"), "0 direct");
  EXPECT_EQ(decided("a.corp.example| 1"), "0 direct");
  EXPECT_EQ(decided("xcorp.example| 1"), "environment environment");
  EXPECT_EQ(decided("|10.1.2.3 1"), "0 direct");
  EXPECT_EQ(decided("a| 9418"), "0 direct");
  inputs.no_proxy = "*";
  EXPECT_EQ(Decided(BuiltText(inputs).config(), Asked("a| 1").query()), "0 direct");
}

TEST(NeedsMadeUpAddressTest, IsTrueWhereAnyPortOrProgramCouldLeave) {
  const struct {
    const char* rules;
    const char* name;
    bool needs;
  } cases[] = {
      {"", "a", false},
      {"[gochain]\ndefault = reject\n", "a", true},
      {"[gochain]\ndefault = reject\n[rules]\ndirect = a\n", "a", false},
      {"[gochain]\ndefault = reject\n[rules]\ndirect = a\n", "b", true},
      {"[gochain]\ndefault = reject\n[rules]\ndirect = a:443\n", "a", true},
      {"[gochain]\ndefault = reject\n[rules]\ndirect = a:1-65535\n", "a", false},
      {"[gochain]\ndefault = reject\n[rules]\ndirect = exe:ssh@a\n", "a", true},
      {"[gochain]\ndefault = reject\n[rules]\ndirect = exe:ssh\n", "a", true},
      {"[rules]\nreject = a:443\n", "a", true},
      {"[rules]\nreject = :443\n", "a", true},
      {"[rules]\nreject = exe:ssh@a\n", "a", true},
      {"[rules]\nreject = exe:ssh\n", "a", true},
      {"[rules]\nreject = exe:ssh@b\n", "a", false},
      {"[rules]\ndirect = a\nreject = *\n", "a", false},
      {"[rules]\nreject = :22\ndirect = a\n", "a", true},
      {"[rules]\ndirect = .x\nreject = a.x\n", "a.x", false},
      {"[rules]\nreject = a.x\ndirect = .x\n", "a.x", true},
      {"[rules]\nreject = *.x\n", "x", false},
      {"[rules]\nreject = g*.x\n", "git.x", true},
      // An address pattern is asked once the name was looked up.
      {"[rules]\nreject = 10.0.0.0/8 @private\n", "a", false},
      {"[rules]\ndirect = 0.0.0.0/0 ::/0\nreject = *\n", "a", true},
      {"[gochain]\ndefault = reject\n[rules]\nreject = * :80 exe:x\n", "localhost", false},
      {"[gochain]\ndefault = reject\n", "app.localhost", false},
      {"[rules]\nreject = localhost:80\n", "localhost", true},
      {"[rules]\nreject = @loopback\n", "app.localhost", true},
      {"[rules]\ndirect = localhost\nreject = @loopback\n", "localhost", false},
      {"[rules]\nreject = localhost\n", "app.localhost", false},
      {"[rules]\nreject = 127.0.0.0/8\n", "localhost", false},
  };
  for (const auto& c : cases) {
    const BuiltText built(c.rules);
    ASSERT_EQ(built.Complaints(), "");
    EXPECT_EQ(NeedsMadeUpAddress(built.config(), c.name), c.needs) << c.rules << c.name;
  }
}

TEST(IsNamedByRuleTest, CountsNamePatternsAlone) {
  const BuiltText built(
      "[gochain]\ndefault = reject\n"
      "[rules]\nreject = * :80 exe:ssh @loopback 10.0.0.0/8 ::/127\n"
      "direct = exact.example:80 .self.example exe:git@*.below.example g*.glob.example\n");
  ASSERT_EQ(built.Complaints(), "");
  for (const char* const name :
       {"exact.example", "self.example", "a.self.example", "a.below.example", "git.glob.example"}) {
    EXPECT_TRUE(IsNamedByRule(built.config(), name)) << name;
  }
  for (const char* const name : {"a", "a.exact.example", "below.example", "x.glob.example", ""}) {
    EXPECT_FALSE(IsNamedByRule(built.config(), name)) << name;
  }
}

TEST(MatchesTest, AsksOnePatternWithoutTheLoopbackRule) {
  const BuiltText built("[rules]\nreject = *:80\n");
  ASSERT_EQ(built.Complaints(), "");
  const config::Pattern& pattern = built.config().patterns()[0];
  EXPECT_TRUE(Matches(built.config(), pattern, Asked("|127.0.0.1 80").query()));
  EXPECT_FALSE(Matches(built.config(), pattern, Asked("|127.0.0.1 81").query()));
}

}  // namespace
}  // namespace rules
