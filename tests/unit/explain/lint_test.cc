#include "explain/lint.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "../config/rules_text.h"
#include "../temp_folder.h"

namespace explain {
namespace {

using config::BuiltText;
using config::Diagnostic;

std::string Renamed(std::string text) {
  for (size_t at = text.find("/proc/self/fd/"); at != std::string::npos;
       at = text.find("/proc/self/fd/")) {
    text.replace(at, text.find_first_of(":\"", at) - at, "t.conf");
  }
  return text;
}

std::string LintOf(const BuiltText& built, std::vector<Diagnostic> warnings = {},
                   engine::LogFormat format = engine::LogFormat::kText) {
  EXPECT_EQ(built.Complaints(), "");
  return Renamed(Lint(built.config(), std::move(warnings), format));
}

std::string LintOf(std::string_view text) { return LintOf(BuiltText(text)); }

// The warnings about [rules], whose first line is the fourth.
std::string LintOfRules(const std::string& rules) {
  const std::string text = LintOf("[proxy p]\nurl = http://proxy.example:8080\n[rules]\n" + rules +
                                  "reject = exe:p\n" + "p = a.never.example\n");
  return text.substr(0, text.rfind('\n', text.size() - 2) + 1);
}

TEST(LintTest, CountsWhatTheFileHas) {
  EXPECT_EQ(LintOf("[rules]\nreject = *\n"), "1 rule, 0 proxies, 0 chains: no warnings\n");
  EXPECT_EQ(LintOf("[gochain]\ndefault = c\n[proxy p]\nurl = http://h\n[chain c]\nhops = p\n"
                   "[rules]\nreject = a b\n  c\n"),
            "3 rules, 1 proxy, 1 chain: no warnings\n");
}

TEST(LintTest, RepeatsTheWarningsOfTheReadingInTheirPlace) {
  config::Inputs inputs;
  inputs.getenv_fn = [](const char* name) {
    return std::string_view(name) == "GOPRIVATE" ? "corp.example/team" : nullptr;
  };
  const BuiltText built("[rules]\ndirect = @goprivate a\nreject = a\n", inputs);
  const std::string text = LintOf(built, built.built().notes);
  EXPECT_TRUE(
      text.starts_with("t.conf:2: warning: the GOPRIVATE pattern 'corp.example/team' has a "
                       "path"))
      << text;
  EXPECT_NE(text.find("\nt.conf:3: warning: 'a' can never match"), std::string::npos) << text;
}

TEST(LintTest, WarnsOfPatternsThatCanNeverMatch) {
  EXPECT_EQ(LintOf("[rules]\n"
                   "direct = .corp.example 10.0.0.0/8\n"
                   "  :22\n"
                   "reject = git.corp.example 10.1.0.0/16:80 other.example:22 other.example\n"
                   "reject = exe:ssh@10.0.0.1\n"),
            "t.conf:4: warning: 'git.corp.example' can never match: '.corp.example' on line 2 "
            "takes it first\n"
            "t.conf:4: warning: '10.1.0.0/16:80' can never match: '10.0.0.0/8' on line 2 takes it "
            "first\n"
            "t.conf:4: warning: 'other.example:22' can never match: ':22' on line 3 takes it "
            "first\n"
            "t.conf:5: warning: 'exe:ssh@10.0.0.1' can never match: '10.0.0.0/8' on line 2 takes "
            "it first\n"
            "8 rules, 0 proxies, 0 chains: 4 warnings\n");
}

TEST(LintTest, WarnsOfAllBelowAnything) {
  EXPECT_EQ(LintOfRules("p = *\ndirect = a.example 10.0.0.1 :22 @private\n"),
            "t.conf:5: warning: 'a.example' can never match: '*' on line 4 takes it first\n"
            "t.conf:5: warning: '10.0.0.1' can never match: '*' on line 4 takes it first\n"
            "t.conf:5: warning: ':22' can never match: '*' on line 4 takes it first\n"
            "t.conf:5: warning: '@private' can never match: '*' on line 4 takes it first\n"
            "t.conf:6: warning: 'exe:p' can never match: '*' on line 4 takes it first\n"
            "t.conf:7: warning: 'a.never.example' can never match: '*' on line 4 takes it first\n");
}

// These go past `*`, so a rule below it is the one that decides about them.
TEST(LintTest, KnowsThatLoopbackAndFirstHopsPassByWhatDoesNotNameThem) {
  const std::string rest =
      "t.conf:6: warning: 'exe:p' can never match: '*' on line 4 takes it first\n"
      "t.conf:7: warning: 'a.never.example' can never match: '*' on line 4 takes it first\n";
  for (const char* const alive :
       {"@loopback", "localhost", ".localhost", "db.localhost:5432", "a*.localhost", "127.0.0.0/8",
        "127.1.2.3:80", "[::1]:80", "0.0.0.0", "exe:ssh@localhost", "proxy.example",
        "proxy.example:8080", ".example", "proxy*.example"}) {
    EXPECT_EQ(LintOfRules(std::string("p = *\ndirect = ") + alive + "\n"), rest) << alive;
  }
  EXPECT_EQ(LintOfRules("p = *\ndirect = proxy.example:80\n"),
            "t.conf:5: warning: 'proxy.example:80' can never match: '*' on line 4 takes it "
            "first\n" +
                rest);
  EXPECT_EQ(LintOfRules("p = @loopback\ndirect = localhost\n"),
            "t.conf:5: warning: 'localhost' can never match: '@loopback' on line 4 takes it "
            "first\n");
}

TEST(LintTest, WarnsOfProxiesAndChainsThatNothingUses) {
  EXPECT_EQ(LintOf("[gochain]\ndefault = c\n"
                   "[proxy a]\nurl = http://a\n"
                   "[proxy b]\nurl = http://b\n"
                   "[proxy d]\nurl = http://d\n"
                   "[chain c]\nhops = a\n"
                   "[chain e]\nhops = a\n"
                   "[rules]\nb = b.example\n"),
            "t.conf:8: warning: proxy 'd' is never used\n"
            "t.conf:11: warning: chain 'e' is never used\n"
            "1 rule, 3 proxies, 2 chains: 2 warnings\n");
}

TEST(LintTest, AsksForNoUseWhereTheDefaultIsTheCommandLines) {
  config::Inputs inputs;
  inputs.proxy_urls = {"http://h"};
  const BuiltText built("[proxy a]\nurl = http://a\n", inputs);
  EXPECT_EQ(LintOf(built), "0 rules, 2 proxies, 1 chain: no warnings\n");
}

// What lies below another [rewrite] may still take what a third makes.
TEST(LintTest, WarnsOfRewritesThatCanNeverMatch) {
  EXPECT_EQ(LintOf("[rewrite a]\nfrom = .example\nto = a.invalid\n"
                   "[rewrite b]\nfrom = git.example:22\nto = b.invalid\n"),
            "t.conf:4: warning: [rewrite b] can never match: [rewrite a] on line 1 takes "
            "'git.example:22' first\n"
            "0 rules, 0 proxies, 0 chains: 1 warning\n");
  const char* const alive[] = {
      "[rewrite a]\nfrom = .example\nto = :22\n"
      "[rewrite b]\nfrom = git.example:22\nto = b.invalid\n",
      "[rewrite a]\nfrom = git.example:22\nto = a.invalid\n"
      "[rewrite b]\nfrom = .example\nto = b.invalid\n",
      "[rewrite a]\nfrom = .example\nto = a.invalid\n"
      "[rewrite b]\nfrom = git.example\nto = b.invalid\n"
      "[rewrite c]\nfrom = c.invalid\nto = git.example\n",
  };
  for (const char* const text : alive) {
    EXPECT_EQ(LintOf(text), "0 rules, 0 proxies, 0 chains: no warnings\n") << text;
  }
}

TEST(LintTest, KnowsThatLoopbackNamesOfHostsPassByToo) {
  EXPECT_EQ(LintOf("[hosts]\ndb.example = 127.0.0.1\n"
                   "[rules]\nreject = *\ndirect = db.example other.example\n"),
            "t.conf:5: warning: 'other.example' can never match: '*' on line 4 takes it first\n"
            "3 rules, 0 proxies, 0 chains: 1 warning\n");
}

const char* GoPrivateVariable(const char* name) {
  return std::string_view(name) == "GOPRIVATE" ? "*.a.example,b.example" : nullptr;
}

// One word, however many patterns it stands for: dead where all of them are.
TEST(LintTest, TakesGoPrivateForOneRule) {
  config::Inputs inputs;
  inputs.getenv_fn = GoPrivateVariable;
  EXPECT_EQ(LintOf(BuiltText("[rules]\nreject = b.example\ndirect = @goprivate:22 @goprivate\n"
                             "reject = c.a.example\n",
                             inputs)),
            "t.conf:4: warning: 'c.a.example' can never match: '@goprivate' on line 3 takes it "
            "first\n"
            "4 rules, 0 proxies, 0 chains: 1 warning\n");
  EXPECT_EQ(
      LintOf(BuiltText("[rules]\nreject = .b.example *.example\ndirect = @goprivate\n", inputs)),
      "t.conf:3: warning: '@goprivate' can never match: '*.example' on line 2 takes it "
      "first\n"
      "3 rules, 0 proxies, 0 chains: 1 warning\n");
}

TEST(LintTest, WarnsOfEmptyLists) {
  const TempFolder folder;
  std::ofstream(folder / "empty.txt") << "# nothing yet\n\n";
  std::ofstream(folder / "full.txt") << "a.example\n";
  std::ofstream(folder / "t.conf") << "[rules]\nreject = @file:full.txt\n"
                                      "direct = @file:empty.txt b.example @file:full.txt\n";
  config::Inputs inputs;
  inputs.file = folder / "t.conf";
  EXPECT_EQ(LintOf(BuiltText(inputs)),
            inputs.file +
                ":3: warning: '@file:full.txt' can never match: '@file:full.txt' on line "
                "2 takes it first\n" +
                inputs.file +
                ":3: warning: the list 'empty.txt' is empty\n"
                "4 rules, 0 proxies, 0 chains: 2 warnings\n");
}

TEST(LintTest, WarnsOfTicketsForAddresses) {
  EXPECT_EQ(
      LintOf("[gochain]\ndefault = a\n[proxy a]\nurl = http://192.0.2.1\nauth = negotiate\n"),
      "t.conf:4: warning: a Kerberos ticket is for a name: the url of 'a' needs the proxy's, not "
      "its address\n"
      "0 rules, 1 proxy, 0 chains: 1 warning\n");
  EXPECT_EQ(LintOf("[gochain]\ndefault = a\n[proxy a]\nurl = http://h\nauth = negotiate\n"),
            "0 rules, 1 proxy, 0 chains: no warnings\n");
}

TEST(LintTest, LeavesNoProxyAlone) {
  config::Inputs inputs;
  inputs.all_proxy = "http://h";
  inputs.no_proxy = "a,a,*,b";
  EXPECT_EQ(LintOf(BuiltText(inputs)), "4 rules, 1 proxy, 1 chain: no warnings\n");
}

TEST(LintTest, SortsTheBuildersWarningsIn) {
  const BuiltText built("[rules]\ndirect = *\nreject = a\n");
  const std::vector<Diagnostic> warnings = {
      {"t.conf", 1, "first", {}}, {"other.conf", 9, "second", {}}, {"t.conf", 4, "third", {}}};
  const std::string expected =
      "t.conf:1: warning: first\n"
      "t.conf:4: warning: third\n"
      "other.conf:9: warning: second\n";
  EXPECT_EQ(LintOf(built, warnings).substr(0, expected.size()), expected);
}

TEST(LintTest, WritesOneObjectAWarning) {
  const BuiltText built("[rules]\ndirect = *\nreject = a\n");
  EXPECT_EQ(LintOf(built, {}, engine::LogFormat::kJson),
            R"({"file":"t.conf","line":3,"warning":"'a' can never match: '*' on line 2 takes it )"
            R"(first"})"
            "\n");
  EXPECT_EQ(LintOf(BuiltText("[rules]\n"), {}, engine::LogFormat::kJson), "");
}

}  // namespace
}  // namespace explain
