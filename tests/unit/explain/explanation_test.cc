// The details below --explain's first line.
#include "explain/explanation.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "../config/rules_text.h"
#include "../temp_folder.h"
#include "explain/explain.h"

namespace explain {
namespace {

using config::BuiltText;

constexpr const char* kRules =
    "[gochain]\n"
    "default = far\n"
    "[proxy far]\nurl = socks5://far.example\n"
    "[proxy near]\nurl = socks5://near.example\n"
    "dns = local\n"
    "[rewrite git]\n"  // line 8
    "from = git.internal.example:9418\nto = 127.0.0.1:9418\n"
    "[rewrite old]\nfrom = old.example\nto = mid.example\n"
    "[rewrite port]\nfrom = mid.example:80\nto = :8080\n"
    "[hosts]\n"
    "mirror.example = 192.0.2.7 2001:db8::7\n"
    "private.example = 10.1.2.3\n"
    "[rules]\n"  // line 20
    "reject = exe:wget@mid.example\n"
    "reject = 10.0.0.0/8 @private:22\n"
    "direct = 192.0.2.0/24\n"
    "near = 203.0.113.0/24 *.near.example\n"
    "direct = mid.example:8080\n";

class ExplanationTest : public testing::Test {
 protected:
  ExplanationTest() : built_(kRules) { EXPECT_EQ(built_.Complaints(), ""); }

  std::string Say(const std::string& target, engine::LogFormat format = engine::LogFormat::kText) {
    return Say(built_.config(), target, format);
  }
  static std::string Say(const config::Config& config, const std::string& target,
                         engine::LogFormat format = engine::LogFormat::kText) {
    std::string text;
    std::string error;
    const std::vector<std::string> targets = {target};
    EXPECT_TRUE(Explain(config, {}, targets, format, &text, &error)) << error;
    for (size_t at = text.find("/proc/self/fd/"); at != std::string::npos;
         at = text.find("/proc/self/fd/")) {
      text.replace(at, text.find(':', at) - at, "t.conf");
    }
    return text;
  }

  BuiltText built_;
};

TEST_F(ExplanationTest, TellsWhatATargetBecomes) {
  EXPECT_EQ(Say("git.internal.example:9418"),
            "git.internal.example:9418 -> direct (loopback)\n"
            "    rewritten: 127.0.0.1:9418 (t.conf:8: [rewrite git])\n");
  EXPECT_EQ(
      Say("git.internal.example:9418", engine::LogFormat::kJson),
      R"({"target":"git.internal.example:9418","rewritten":"127.0.0.1:9418",)"
      R"("route":"direct","rule":"loopback","list":null,"hops":[],"mode":null,"resolve":"none","programs":[]})"
      "\n");
}

TEST_F(ExplanationTest, TellsEachRewriteOnTheWayAndGoesOnWithItsResult) {
  EXPECT_EQ(Say("old.example:80"),
            "old.example:80 -> direct (t.conf:25: direct = mid.example:8080)\n"
            "    rewritten: mid.example:8080 (t.conf:11: [rewrite old], then t.conf:14: [rewrite "
            "port])\n"
            "    pattern: mid.example:8080\n"
            "    name: resolved by this machine\n"
            "    if its address is in 10.0.0.0/8: reject (t.conf:22: reject = 10.0.0.0/8 "
            "@private:22)\n"
            "    if its address is in 203.0.113.0/24: near (t.conf:24: near = 203.0.113.0/24 "
            "*.near.example)\n"
            "    from wget: reject (t.conf:21: reject = exe:wget@mid.example)\n");
}

TEST_F(ExplanationTest, TakesTheAddressesOfHosts) {
  EXPECT_EQ(Say("mirror.example"),
            "mirror.example:443 -> direct (t.conf:23: direct = 192.0.2.0/24)\n"
            "    pattern: 192.0.2.0/24\n"
            "    name: resolved by [hosts] (t.conf:18: 192.0.2.7 2001:db8::7)\n");
  EXPECT_EQ(Say("Private.Example."),
            "private.example:443 -> reject (t.conf:22: reject = 10.0.0.0/8 @private:22)\n"
            "    pattern: 10.0.0.0/8\n");
  EXPECT_NE(Say("mirror.example", engine::LogFormat::kJson).find(R"("resolve":"local")"),
            std::string::npos);
}

TEST_F(ExplanationTest, FollowsTheDnsOfTheRoute) {
  EXPECT_EQ(Say("a.near.example:22"),
            "a.near.example:22 -> near (t.conf:24: near = 203.0.113.0/24 *.near.example)\n"
            "    pattern: *.near.example\n"
            "    hop 1: near (socks5 near.example:1080)\n"
            "    name: resolved by this machine\n"
            "    if its address is in 10.0.0.0/8: reject (t.conf:22: reject = 10.0.0.0/8 "
            "@private:22)\n"
            "    if its address is in @private:22: reject (t.conf:22: reject = 10.0.0.0/8 "
            "@private:22)\n"
            "    if its address is in 192.0.2.0/24: direct (t.conf:23: direct = 192.0.2.0/24)\n");
  EXPECT_EQ(Say("b.example"),
            "b.example:443 -> far (default)\n"
            "    default: t.conf:2: default = far\n"
            "    hop 1: far (socks5 far.example:1080)\n"
            "    name: resolved by the last proxy\n");
}

TEST_F(ExplanationTest, NamesTheLineOfAList) {
  const TempFolder folder;
  std::ofstream(folder / "cn.txt") << "# domains\nother.example\n\n.cn.example:443 # and below\n";
  std::ofstream(folder / "private.txt") << "10.0.0.0/8\n";
  std::ofstream(folder / "t.conf") << "[proxy p]\nurl = http://p.example\n[rules]\n"
                                      "reject = @file:private.txt\n"
                                      "direct = @file:cn.txt\n";
  config::Inputs inputs;
  inputs.file = folder / "t.conf";
  const BuiltText built(inputs);
  ASSERT_EQ(built.Complaints(), "");
  EXPECT_EQ(Say(built.config(), "a.cn.example"),
            "a.cn.example:443 -> direct (" + inputs.file + ":5: direct = @file:cn.txt)\n" +
                "    pattern: @file:cn.txt\n"
                "    list: " +
                folder / "cn.txt" +
                ":4: .cn.example:443\n"
                "    name: resolved by this machine\n"
                "    if its address is in @file:private.txt: reject (" +
                inputs.file + ":4: reject = @file:private.txt)\n");
  EXPECT_NE(Say(built.config(), "a.cn.example", engine::LogFormat::kJson)
                .find(R"(:5","list":")" + folder / "cn.txt" + R"(:4","hops")"),
            std::string::npos);
  EXPECT_EQ(Say(built.config(), "a.cn.example:80"),
            "a.cn.example:80 -> direct (default)\n"
            "    name: resolved by this machine\n"
            "    if its address is in @file:private.txt: reject (" +
                inputs.file + ":4: reject = @file:private.txt)\n");
}

TEST_F(ExplanationTest, NamesElementsOfGoPrivateThatNoHostDecides) {
  const std::vector<std::string> paths = {"github.com/acme", "*.example/a/b", "gitlab.com/x"};
  const auto said = [&paths](const char* target) {
    const BuiltText built("[rules]\nreject = 192.0.2.7\n");
    std::string text;
    std::string error;
    EXPECT_TRUE(Explain(built.config(), paths, std::vector<std::string>{target},
                        engine::LogFormat::kText, &text, &error));
    const size_t at = text.find("    @goprivate:");
    return at == std::string::npos ? std::string() : text.substr(at);
  };
  EXPECT_EQ(said("GitHub.com"),
            "    @goprivate: 'github.com/acme' has a path, which no host can decide\n");
  EXPECT_EQ(said("a.b.example"),
            "    @goprivate: '*.example/a/b' has a path, which no host can decide\n");
  EXPECT_EQ(said("a.github.com"), "");
  EXPECT_EQ(said("192.0.2.7"), "");
}

TEST_F(ExplanationTest, CutsALongListOfNetworksShort) {
  std::string rules = "[rules]\nreject =";
  for (int i = 1; i <= 9; ++i) {
    rules += " 10." + std::to_string(i) + ".0.0/16";
  }
  const BuiltText built(rules + "\ndirect = 10.0.0.0/8\n");
  const std::string said = Say(built.config(), "a.example");
  EXPECT_NE(said.find("10.5.0.0/16:"), std::string::npos) << said;
  EXPECT_EQ(said.find("10.6.0.0/16:"), std::string::npos) << said;
  EXPECT_NE(said.find("    and 4 more rules for addresses\n"), std::string::npos) << said;
}

}  // namespace
}  // namespace explain
