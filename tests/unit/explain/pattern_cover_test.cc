#include "explain/pattern_cover.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>
#include <vector>

#include "../config/rules_text.h"
#include "config/image_writer.h"
#include "config/pattern_parser.h"
#include "rules/rules.h"

namespace explain {
namespace {

using config::BuiltText;
using config::Config;
using config::Pattern;

struct Case {
  const char* wide;
  const char* narrow;
};

bool CoversText(const Case& c) {
  const BuiltText built(std::string("[rules]\ndirect = ") + c.wide + " " + c.narrow + "\n");
  EXPECT_EQ(built.Complaints(), "");
  const auto patterns = built.config().patterns();
  EXPECT_EQ(patterns.size(), 2u);
  return Covers(built.config(), patterns[0], patterns[1]);
}

TEST(PatternCoverTest, SeesWhatTakesAllOfAnother) {
  constexpr Case kCases[] = {
      {"*", "a.example"},
      {"*", "*"},
      {"*", "10.0.0.0/8:80"},
      {"*", "@private"},
      {"*", "exe:ssh"},
      {"*:80", "a.example:80"},
      {":1-100", ":22"},
      {":22", "exe:ssh@:22"},
      {"exe:ssh", "exe:ssh@*.example:22"},
      {"exe:ssh", "exe:ssh"},
      {"exe:ssh@.example", "exe:ssh@a.example"},
      {".example", "exe:ssh@a.example"},
      {"a.example", "A.example."},
      {"a.example:20-30", "a.example:22"},
      {".example", "example"},
      {".example", "a.b.example"},
      {".example", ".example"},
      {".example", "*.example"},
      {".example", "git*.example"},
      {".b.example", "*a*.b.example"},
      {"*.example", "a.example"},
      {"*.example", ".a.example"},
      {"*.example", "*.a.example"},
      {"*.example", "a*.b.example"},
      {"git*.example", "git7.example"},
      {"git*.example", "git-*.example"},
      {"a*.*.example", "ab*.c.example"},
      {"10.0.0.0/8", "10.0.0.0/8"},
      {"10.0.0.0/8", "10.1.0.0/16"},
      {"10.0.0.0/8", "10.1.2.3:80"},
      {"fd00::/8", "[fd00::1]"},
      {"0.0.0.0/0", "::ffff:192.0.2.1"},
      {"@private", "@private:80"},
      {"@private", "192.168.7.0/24"},
      {"@private", "fe80::1"},
      {"@loopback", "127.1.0.0/16"},
      {"@loopback", "::1"},
      {"@loopback", "0.0.0.0"},
      {"@loopback", ".localhost"},
      {"@loopback", "*.localhost"},
      {"@loopback", "a*.localhost"},
      {"@loopback", "db.localhost:5432"},
  };
  for (const Case& c : kCases) {
    EXPECT_TRUE(CoversText(c)) << c.wide << " and " << c.narrow;
  }
}

TEST(PatternCoverTest, SeesWhatIsLeftToTheOther) {
  constexpr Case kCases[] = {
      {"a.example", "*"},
      {"a.example", "b.example"},
      {"a.example", ".a.example"},
      {"a.example:80", "a.example"},
      {"a.example:80-90", "a.example:85-95"},
      {"exe:ssh@a.example", "a.example"},
      {"exe:ssh", "exe:git@a.example"},
      {"exe:ssh@a.example", "exe:ssh"},
      {"*:80", "exe:ssh"},
      {"*.example", "example"},
      {"*.example", ".example"},
      {".b.example", ".example"},
      {".b.example", "ab.example"},
      {".b.example", "a*b.example"},
      {".b.example", "a.*.example"},
      {"git*.example", ".git1.example"},
      {"git*.example", "*.example"},
      {"git-*.example", "git*.example"},
      {"git*.example", "git.a.example"},
      {"10.0.0.0/8", "a.example"},
      {"10.0.0.0/8", "*"},
      {"10.1.0.0/16", "10.0.0.0/8"},
      {"10.0.0.0/8", "11.0.0.0/8"},
      {"0.0.0.0/0", "::1"},
      {"0.0.0.0/0", "@private"},
      {"::/0", "10.0.0.1"},
      {"@private", "10.0.0.0/7"},
      {"@private", "192.0.2.1"},
      {"@private", "@loopback"},
      {"@loopback", "0.0.0.0/1"},
      {"@loopback", "0.0.0.0/8"},
      {"@loopback", "::/64"},
      {"@loopback", "alocalhost"},
      {"@loopback", "*"},
      {"127.0.0.0/8", "@loopback"},
  };
  for (const Case& c : kCases) {
    EXPECT_FALSE(CoversText(c)) << c.wide << " and " << c.narrow;
  }
}

// Hosts that patterns and queries are made of, close to one another.
constexpr const char* kPatternHosts[] = {
    "*",           "a.x",       ".a.x",         "*.a.x",       "a*.x",         "*a.x",
    "*b.a.x",      "a.*.x",     "*.*.x",        ".x",          "*.x",          "localhost",
    ".localhost",  "*.b.x",     "b*.a.x",       "@loopback",   "@private",     "10.0.0.0/8",
    "10.0.0.0/30", "10.0.0.1",  "10.0.0.0/7",   "0.0.0.0/0",   "0.0.0.0/1",    "::/0",
    "::/127",      "::1",       "fc00::/7",     "127.0.0.0/8", "127.0.0.0/31", "192.168.0.0/15",
    "bb.a.x",      "a*b.*.a.x", "172.0.0.0/11", "go:*.x",      "go:*a.x",      "go:a.x",
    "go:?.x",      "go:[ab].x", "go:*b*.x",     "go:*",        "go:a.b.x",     "go:*.a.x",
    "go:*.*.x"};
constexpr const char* kPorts[] = {"", ":80", ":80-90", ":1-65535", ":1-80"};
constexpr const char* kPrograms[] = {"", "exe:git@", "exe:ssh@"};
constexpr const char* kNames[] = {"",         "x",           "a.x",   "b.x",     "a.b.x",
                                  "b.a.x",    "bb.a.x",      "ab.x",  "ba.x",    "c.bb.a.x",
                                  "ab.b.a.x", "c.localhost", "a.a.x", "a.b.a.x", "localhost"};
constexpr const char* kAddresses[] = {"",        "10.0.0.0",    "10.0.0.1",    "10.0.0.4",
                                      "::1",     "::",          "127.0.0.1",   "127.0.0.2",
                                      "0.0.0.0", "192.168.0.1", "192.169.0.1", "11.0.0.1",
                                      "fc00::1", "::2",         "8.8.8.8",     "172.17.0.1",
                                      "1.2.3.4", "172.33.0.1"};
constexpr uint16_t kQueryPorts[] = {1, 79, 80, 85, 90, 91, 65535};
constexpr const char* kExes[] = {"", "git", "ssh", "go"};

class Dice {
 public:
  template <typename T, size_t n>
  const T& Pick(const T (&list)[n]) {
    return list[random_() % n];
  }

 private:
  std::mt19937 random_{20240131};
};

// An image of random patterns; "go:GLOB" is one of @goprivate's.
std::vector<uint8_t> RandomPatterns(Dice* dice, size_t count) {
  config::ImageWriter image;
  for (size_t i = 0; i < count; ++i) {
    const std::string host = dice->Pick(kPatternHosts);
    const bool go = host.starts_with("go:");
    const std::string exe = dice->Pick(kPrograms);
    std::string text = exe + (go ? "a.x" : host);
    if (!exe.empty() && host == "*") {
      text = exe.substr(0, exe.size() - 1);  // a program alone
    } else if (host != "::1") {              // which takes no port without its brackets
      text += dice->Pick(kPorts);
    }
    config::ParsedPattern parsed;
    const auto complaint = config::ParsePattern(text, &parsed);
    EXPECT_FALSE(complaint) << complaint->message;
    if (go) {
      parsed.kind = config::PatternKind::kGoGlob;
      parsed.host = host.substr(3);
    }
    image.AddPattern(parsed, go ? text + " " + host : text, {}, {});
  }
  return image.Finish();
}

std::vector<bool> Matched(const Config& config, const rules::Query& query) {
  std::vector<bool> out;
  for (const Pattern& pattern : config.patterns()) {
    out.push_back(rules::Matches(config, pattern, query));
  }
  return out;
}

// No query is taken by the narrow pattern and left by the wide one.
TEST(PatternCoverTest, HoldsForRandomPatternsAndQueries) {
  Dice dice;
  const std::vector<uint8_t> image = RandomPatterns(&dice, 300);
  const auto view = Config::FromImage(image);
  ASSERT_TRUE(view.ok());
  const Config& config = view.value();
  std::vector<std::array<size_t, 2>> covered;
  for (size_t wide = 0; wide < config.patterns().size(); ++wide) {
    for (size_t narrow = 0; narrow < config.patterns().size(); ++narrow) {
      if (wide != narrow && Covers(config, config.patterns()[wide], config.patterns()[narrow])) {
        covered.push_back({wide, narrow});
      }
    }
  }
  EXPECT_GT(covered.size(), 1000u);
  size_t taken = 0;
  for (int i = 0; i < 4000; ++i) {
    rules::Query query;
    query.name = dice.Pick(kNames);
    const auto address = base::IpAddress::Parse(dice.Pick(kAddresses));
    query.address = address ? &*address : nullptr;
    query.port = dice.Pick(kQueryPorts);
    query.exe = dice.Pick(kExes);
    if (query.name.empty() && query.address == nullptr) {
      continue;
    }
    const std::vector<bool> matched = Matched(config, query);
    for (const auto& [wide, narrow] : covered) {
      ASSERT_TRUE(matched[wide] || !matched[narrow])
          << config.text(config.patterns()[wide].written) << " and "
          << config.text(config.patterns()[narrow].written) << " for '" << query.name << "' port "
          << query.port;
      taken += matched[narrow] ? 1 : 0;
    }
  }
  EXPECT_GT(taken, 10000u);
}

}  // namespace
}  // namespace explain
