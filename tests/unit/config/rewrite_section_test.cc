#include "config/rewrite_section.h"

#include <gtest/gtest.h>

#include <string>

#include "rules_text.h"

namespace config {
namespace {

std::string OneRewrite(const std::string& from, const std::string& to) {
  return "[rewrite one]\nfrom = " + from + "\nto = " + to + "\n";
}

TEST(RewriteReaderTest, TakesEveryFormOfFrom) {
  const struct {
    const char* text;
    PatternKind kind;
    uint16_t low;
    uint16_t high;
  } cases[] = {
      {"a.example", PatternKind::kExact, 0, 65535},
      {".a.example:80", PatternKind::kSelfOrBelow, 80, 80},
      {"*.a.example", PatternKind::kBelow, 0, 65535},
      {"git*.example:1-9", PatternKind::kGlob, 1, 9},
      {"192.0.2.7", PatternKind::kAddress, 0, 65535},
      {"[2001:db8::1]:443", PatternKind::kAddress, 443, 443},
      {"10.0.0.0/8:22", PatternKind::kAddress, 22, 22},
      {":8000-8010", PatternKind::kAny, 8000, 8010},
      {"*:22", PatternKind::kAny, 22, 22},
  };
  for (const auto& c : cases) {
    const BuiltText built(OneRewrite(c.text, "x.example"));
    ASSERT_EQ(built.Complaints(), "") << c.text;
    const Rewrite& rewrite = built.config().rewrites()[0];
    EXPECT_EQ(rewrite.from.kind, c.kind) << c.text;
    EXPECT_EQ(rewrite.from.low_port, c.low) << c.text;
    EXPECT_EQ(rewrite.from.high_port, c.high) << c.text;
    EXPECT_EQ(built.Text(rewrite.from.written), c.text);
    EXPECT_EQ(built.Text(rewrite.name), "one");
    EXPECT_EQ(rewrite.source.line, 1u);
  }
}

TEST(RewriteReaderTest, TakesEveryFormOfTo) {
  const struct {
    const char* text;
    const char* host;
    const char* address;
    uint16_t port;
  } cases[] = {
      {"X.Example.", "x.example", nullptr, 0},   {"x.example:80", "x.example", nullptr, 80},
      {"192.0.2.7", "", "192.0.2.7", 0},         {"192.0.2.7:65535", "", "192.0.2.7", 65535},
      {"2001:db8::1", "", "2001:db8::1", 0},     {"[2001:db8::1]", "", "2001:db8::1", 0},
      {"[2001:db8::1]:9", "", "2001:db8::1", 9}, {":443", "", nullptr, 443},
  };
  for (const auto& c : cases) {
    const BuiltText built(OneRewrite("a.example", c.text));
    ASSERT_EQ(built.Complaints(), "") << c.text;
    const Rewrite& rewrite = built.config().rewrites()[0];
    EXPECT_EQ(built.Text(rewrite.to_host), c.host) << c.text;
    EXPECT_EQ(rewrite.to_port, c.port) << c.text;
    ASSERT_EQ(rewrite.to_is_address, c.address != nullptr) << c.text;
    if (c.address != nullptr) {
      EXPECT_EQ(rewrite.to_address, *base::IpAddress::Parse(c.address)) << c.text;
    }
  }
}

TEST(RewriteReaderTest, RefusesOtherPatterns) {
  const struct {
    const char* from;
    const char* complaint;
  } cases[] = {
      {"*", "'from' takes no '*' alone"},
      {"@private", "'from' takes no set: '@private'"},
      {"@loopback:22", "'from' takes no set: '@loopback:22'"},
      {"@file:list.txt", "'from' takes no set: '@file:list.txt'"},
      {"exe:git", "'from' takes no program: 'exe:git'"},
      {"exe:git@a.example", "'from' takes no program: 'exe:git@a.example'"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(BuiltText(OneRewrite(c.from, "x.example")).Complaints(),
              "t.conf:2: " + std::string(c.complaint) + "\n");
  }
  EXPECT_EQ(BuiltText(OneRewrite("a.example b.example", "x.example")).Complaints(),
            "t.conf:2: 'from' takes one pattern\n");
  EXPECT_EQ(BuiltText(OneRewrite("10.0.0.1/8", "x.example")).Complaints(),
            "t.conf:2: the pattern '10.0.0.1/8' has bits set behind its prefix (did you mean "
            "'10.0.0.0/8'?)\n");
}

TEST(RewriteReaderTest, RefusesOtherTargets) {
  const std::string bad_port = "'to' has a bad port: a number from 1 to 65535 is needed";
  const std::string neither = "'to' is neither a host name nor an address: ";
  const struct {
    const char* to;
    std::string complaint;
  } cases[] = {
      {"*.example", "'to' takes no '*': '*.example'"},
      {"10.0.0.0/8", "'to' takes no network: '10.0.0.0/8'"},
      {"http://x:80/", "'to' takes HOST, HOST:PORT or :PORT, not a URL: 'http://x:80/'"},
      {"x:1-2", "'to' takes no port range: 'x:1-2'"},
      {":1-2", "'to' takes no port range: ':1-2'"},
      {":0", bad_port},
      {":", bad_port},
      {"x:", bad_port},
      {"x:a-b", bad_port},
      {"direct:0", bad_port},
      {"x y", neither + "'x y'"},
      {"[x]:1", neither + "'[x]:1'"},
      {"2001:db8::1]:1", neither + "'2001:db8::1]:1'"},
      {"1:2:3:4:5:6:7:8:9", neither + "'1:2:3:4:5:6:7:8:9'"},
      {"[192.0.2.7]:1", neither + "'[192.0.2.7]:1'"},
      {"a:b:1", neither + "'a:b:1'"},
      {".example", neither + "'.example'"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(BuiltText(OneRewrite("a.example", c.to)).Complaints(),
              "t.conf:3: " + c.complaint + "\n");
  }
}

TEST(RewriteReaderTest, NeedsBothAndANameOfItsOwn) {
  EXPECT_EQ(BuiltText("[rewrite a]\nto = x\n[rewrite b]\nfrom = x\n[rewrite a]\n[rewrite]\n"
                      "[rewrite a b]\n")
                .Complaints(),
            "t.conf:1: [rewrite a] has no from\n"
            "t.conf:3: [rewrite b] has no to\n"
            "t.conf:5: the name 'a' is taken by line 1\n"
            "t.conf:6: the section has no name: write [rewrite NAME]\n"
            "t.conf:7: bad name 'a b': letters, digits, '.', '-' and '_' make a name\n");
}

TEST(RewriteReaderTest, HasANameSpaceOfItsOwn) {
  EXPECT_EQ(BuiltText("[proxy one]\nurl = http://h\n" + OneRewrite("a", "b")).Complaints(), "");
}

TEST(RewriteReaderTest, NamesACircleOnceAtItsLastSection) {
  EXPECT_EQ(
      BuiltText("[rewrite b]\nfrom = x\nto = y\n[rewrite a]\nfrom = y\nto = x\n").Complaints(),
      "t.conf:4: the rewrites 'b' and 'a' lead in a circle\n");
  EXPECT_EQ(BuiltText("[rewrite a]\nfrom = x\nto = y\n[rewrite b]\nfrom = z\nto = x\n"
                      "[rewrite c]\nfrom = y\nto = z\n")
                .Complaints(),
            "t.conf:7: the rewrites 'a', 'b' and 'c' lead in a circle\n");
}

}  // namespace
}  // namespace config
