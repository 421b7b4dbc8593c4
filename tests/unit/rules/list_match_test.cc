#include "rules/list_match.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "../config/rules_text.h"
#include "../temp_folder.h"
#include "rules/list_search.h"

namespace rules {
namespace {

using config::BuiltText;

// Names, addresses and ports are few, so that most patterns take some target.
class Dice {
 public:
  explicit Dice(uint32_t seed) : engine_(seed) {}

  std::string Pattern() {
    std::string out;
    switch (Below(12)) {
      case 0:
        out = "." + Name();
        break;
      case 1:
        out = "*." + Name();
        break;
      case 2:
        out = "*" + Name();
        break;
      case 3:
        out = "a*." + Name();
        break;
      case 4:
        return Of({"*", "*:80", ":443", ":1-65535", ":80-90"});
      case 5:
        out = Of({"@loopback", "@private"});
        break;
      case 6:
      case 7:
        out = Of({"10.0.0.0/8", "10.1.0.0/16", "10.1.2.3/32", "127.0.0.0/8", "127.1.0.0/16",
                  "0.0.0.0/0", "126.0.0.0/7", "255.255.255.255/32", "198.51.100.7/32",
                  "10.1.2.2/31"});
        break;
      case 8:
        out = Of({"::/0", "::1/128", "::/127", "2001:db8::/32", "2001:db8::7/128",
                  "2001:db8::8/125", "fd00::/8"});
        break;
      default:
        out = Name();
    }
    return Below(3) == 0 ? out + Of({":80", ":443", ":80-443", ":1-65535"}) : out;
  }

  std::string Name() {
    std::string out = Of({"a", "b", "localhost", "example", "first"});
    for (size_t labels = Below(3); labels > 0; --labels) {
      out = Of({"a", "ab", "b", "localhost"}) + "." + out;
    }
    return out;
  }

  base::IpAddress Address() {
    return *base::IpAddress::Parse(
        Of({"10.1.2.3", "10.1.2.4", "10.2.0.0", "127.0.0.1", "127.1.0.9", "0.0.0.0",
            "255.255.255.255", "198.51.100.7", "::1", "::", "2001:db8::7", "2001:db8::8",
            "2001:db8::10", "fd00::1", "ffff::"}));
  }

  uint16_t Port() { return std::vector<uint16_t>{1, 22, 80, 90, 443, 1080}[Below(6)]; }
  size_t Below(size_t limit) { return engine_() % limit; }

 private:
  std::string Of(const std::vector<const char*>& choices) { return choices[Below(choices.size())]; }

  std::mt19937 engine_;
};

// The same patterns as rules of one route and as a list: loopback and first hops too.
class TwoWays {
 public:
  TwoWays(const std::vector<std::string>& patterns, const std::string& route)
      : inline_(Rules(patterns, route)), list_(Rules({"@file:" + Write(patterns)}, route)) {
    EXPECT_EQ(inline_.Complaints(), "");
    EXPECT_EQ(list_.Complaints(), "");
  }

  const config::Config& inline_config() const { return inline_.config(); }
  const config::Config& list_config() const { return list_.config(); }

 private:
  static std::string Rules(const std::vector<std::string>& patterns, const std::string& route) {
    std::string out =
        "[proxy p]\nurl = socks5://first:1080\n[proxy q]\nurl = socks5://198.51.100.7\n"
        "[rules]\nq = never.example\n";
    for (const std::string& pattern : patterns) {
      out += route + " = " + pattern + "\n";
    }
    return out + "p = *\n";
  }

  std::string Write(const std::vector<std::string>& patterns) {
    std::ofstream file(folder_ / "list.txt");
    for (const std::string& pattern : patterns) {
      file << pattern << "\n";
    }
    return folder_ / "list.txt";
  }

  TempFolder folder_;
  BuiltText inline_;
  BuiltText list_;
};

std::string Told(const config::Config& config, const Decision& decision) {
  return (DecidingLine(decision) != nullptr ? "rule" : std::string(ReasonText(decision))) + " " +
         std::string(config.RouteName(decision.route));
}

TEST(ListPropertyTest, DecidesAsItsPatternsWouldAsRules) {
  for (uint32_t seed = 0; seed < 400; ++seed) {
    Dice dice(seed);
    std::vector<std::string> patterns;
    for (size_t count = 1 + dice.Below(1 + seed % 12); count > 0; --count) {
      patterns.push_back(dice.Pattern());
    }
    const TwoWays ways(patterns, seed % 2 == 0 ? "reject" : "direct");
    const config::Config& expected = ways.inline_config();
    const config::Config& list = ways.list_config();
    for (int i = 0; i < 200; ++i) {
      const std::string name = dice.Below(3) != 0 ? dice.Name() : "";
      const base::IpAddress address = dice.Address();
      Query query;
      query.name = name;
      query.address = name.empty() || dice.Below(3) == 0 ? &address : nullptr;
      query.port = dice.Port();
      std::string context = "seed " + std::to_string(seed) + ": " + name + " port " +
                            std::to_string(query.port) + " of";
      for (const std::string& pattern : patterns) {
        context += " " + pattern;
      }
      const Decision decision = Decide(list, query);
      ASSERT_EQ(Told(list, decision), Told(expected, Decide(expected, query))) << context;
      ASSERT_EQ(NeedsMadeUpAddress(list, name), NeedsMadeUpAddress(expected, name)) << context;
      ASSERT_EQ(IsNamedByRule(list, name), IsNamedByRule(expected, name)) << context;
      if (decision.pattern != nullptr && decision.pattern->kind == config::PatternKind::kList) {
        const auto line = FindInList(list, *decision.pattern, query);
        ASSERT_TRUE(line) << context;
        // The first of its lines that takes it is the first of the rules.
        const Decision by_rule = Decide(expected, query);
        ASSERT_EQ(expected.text(by_rule.pattern->written), line->text) << context;
        ASSERT_EQ(by_rule.pattern->source.line - 6, line->line) << context;
      }
    }
  }
}

TEST(FindInListTest, FindsLinesFarDownAmongComments) {
  const TempFolder folder;
  {
    std::ofstream file(folder / "list.txt");
    for (int i = 0; i < 10000; ++i) {
      file << "# comment\nhost" << i << ".example # behind it\n";
    }
  }
  const BuiltText built("[rules]\nreject = @file:" + (folder / "list.txt") + "\n");
  ASSERT_EQ(built.Complaints(), "");
  Query query;
  query.name = "host9999.example";
  query.port = 443;
  const Decision decision = Decide(built.config(), query);
  ASSERT_NE(decision.pattern, nullptr);
  const auto line = FindInList(built.config(), *decision.pattern, query);
  ASSERT_TRUE(line);
  EXPECT_EQ(line->line, 20000u);
  EXPECT_EQ(line->text, "host9999.example");
  query.name = "host.example";
  EXPECT_FALSE(FindInList(built.config(), *decision.pattern, query));
  EXPECT_EQ(unlink((folder / "list.txt").c_str()), 0);
  EXPECT_FALSE(FindInList(built.config(), *decision.pattern, query));
}

TEST(ListRuleTest, TakesAProgram) {
  const TempFolder folder;
  std::ofstream(folder / "a=b,c.txt") << "github.com:22\n";
  const BuiltText built("[rules]\nreject = exe:git@@file:" + (folder / "a=b,c.txt") + "\n");
  ASSERT_EQ(built.Complaints(), "");
  Query query;
  query.name = "github.com";
  query.port = 22;
  query.exe = "git";
  EXPECT_EQ(Told(built.config(), Decide(built.config(), query)), "rule reject");
  query.exe = "curl";
  EXPECT_EQ(Told(built.config(), Decide(built.config(), query)), "default direct");
}

}  // namespace
}  // namespace rules
