#include "explain/explain.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "../config/rules_text.h"

namespace explain {
namespace {

using config::BuiltText;

constexpr const char* kRules =
    "[gochain]\n"
    "default = reject ; nothing else\n"
    "[proxy office]\nurl = http://alice:secret@proxy.example:8080\n"
    "[proxy far]\nurl = socks5://[2001:db8::1]\n"
    "[chain corp]\nhops = office far\n"
    "[rules]\n"
    "direct = .corp.example\n"
    "office = exe:ssh@github.com\n"
    "corp   =   github.com 198.51.100.0/24  ; \"quoted\"\n"
    "  *.golang.org:443\n";

class ExplainTest : public testing::Test {
 protected:
  ExplainTest() : built_(kRules) { EXPECT_EQ(built_.Complaints(), ""); }

  std::string Say(const config::Config& config, std::vector<std::string> targets,
                  engine::LogFormat format = engine::LogFormat::kText) {
    std::string text;
    std::string error;
    if (!Explain(config, {}, targets, format, &text, &error)) {
      return "!" + error;
    }
    // The file in memory has a number for its name.
    for (size_t at = text.find("/proc/self/fd/"); at != std::string::npos;
         at = text.find("/proc/self/fd/")) {
      text.replace(at, text.find(':', at) - at, "t.conf");
    }
    return text;
  }
  std::string Say(std::vector<std::string> targets) { return Say(built_.config(), targets); }
  std::string SayJson(std::vector<std::string> targets) {
    return Say(built_.config(), targets, engine::LogFormat::kJson);
  }

  BuiltText built_;
};

TEST_F(ExplainTest, NamesTheLineTheHopsAndWhoResolves) {
  EXPECT_EQ(Say({"Sum.Golang.Org"}),
            "sum.golang.org:443 -> corp (t.conf:13: *.golang.org:443)\n"
            "    pattern: *.golang.org:443\n"
            "    hop 1: office (http proxy.example:8080, with credentials)\n"
            "    hop 2: far (socks5 [2001:db8::1]:1080)\n"
            "    name: resolved by the last proxy\n");
}

TEST_F(ExplainTest, SaysThatAHopTakesAnyCertificate) {
  const BuiltText built("[gochain]\ndefault = a\n[proxy a]\nurl = https://u:p@h\ninsecure = yes\n");
  EXPECT_EQ(Say(built.config(), {"x"}),
            "x:443 -> a (default)\n"
            "    default: t.conf:2: default = a\n"
            "    hop 1: a (https h:443, with credentials, insecure: any certificate will do)\n"
            "    name: resolved by the last proxy\n");
}

TEST_F(ExplainTest, SaysThatAHopTakesATicket) {
  const BuiltText ticket(
      "[gochain]\ndefault = gate\n[proxy gate]\nurl = http://gate.example\nauth = negotiate\n");
  EXPECT_EQ(Say(ticket.config(), {"a:1"}),
            "a:1 -> gate (default)\n"
            "    default: t.conf:2: default = gate\n"
            "    hop 1: gate (http gate.example:8080, with a Kerberos ticket)\n"
            "    name: resolved by the last proxy\n");
}

TEST_F(ExplainTest, NamesTheDefaultsLineBelow) {
  EXPECT_EQ(Say({"sum.golang.org:80"}),
            "sum.golang.org:80 -> reject (default)\n"
            "    default: t.conf:2: default = reject ; nothing else\n");
}

TEST_F(ExplainTest, NamesProgramsThatGoAnotherWay) {
  EXPECT_EQ(Say({"github.com:22"}),
            "github.com:22 -> corp (t.conf:12: corp   =   github.com 198.51.100.0/24  ; "
            "\"quoted\")\n"
            "    pattern: github.com\n"
            "    hop 1: office (http proxy.example:8080, with credentials)\n"
            "    hop 2: far (socks5 [2001:db8::1]:1080)\n"
            "    name: resolved by the last proxy\n"
            "    from ssh: office (t.conf:11: office = exe:ssh@github.com)\n");
}

TEST_F(ExplainTest, SaysDirectTargetsAreResolvedHere) {
  EXPECT_EQ(Say({"a.corp.example"}),
            "a.corp.example:443 -> direct (t.conf:10: direct = .corp.example)\n"
            "    pattern: .corp.example\n"
            "    name: resolved by this machine\n");
}

TEST_F(ExplainTest, ExplainsLoopbackAndFirstHops) {
  EXPECT_EQ(Say({"127.0.0.1:80", "[::1]", "proxy.example:8080"}),
            "127.0.0.1:80 -> direct (loopback)\n"
            "[::1]:443 -> direct (loopback)\n"
            "proxy.example:8080 -> direct (first hop)\n"
            "    name: resolved by this machine\n");
}

TEST_F(ExplainTest, ExplainsTheCommandLineAndTheEnvironment) {
  config::Inputs inputs;
  inputs.proxy_urls = {"socks5://u:secret@h"};
  EXPECT_EQ(Say(BuiltText(inputs).config(), {"a:1"}),
            "a:1 -> cmdline (command line)\n"
            "    hop 1: socks5://h:1080 (socks5 h:1080, with credentials)\n"
            "    name: resolved by the last proxy\n");
  inputs = {};
  inputs.all_proxy = "http://h";
  inputs.no_proxy = "b";
  const std::string text = Say(BuiltText(inputs).config(), {"a:1", "b:1"});
  EXPECT_EQ(text.find("a:1 -> environment (environment)\n"), 0u);
  EXPECT_NE(text.find("b:1 -> direct (environment)\n"), std::string::npos);
}

TEST_F(ExplainTest, WritesOneObjectALine) {
  EXPECT_EQ(
      SayJson({"github.com", "198.51.100.7:22", "[2001:db8::7]:22", "a.corp.example"}),
      R"({"target":"github.com:443","rewritten":null,"route":"corp","rule":"t.conf:12",)"
      R"("list":null,"hops":["office","far"],"mode":"strict","resolve":"proxy",)"
      R"("programs":[{"exe":"ssh","route":"office","rule":"t.conf:11"}]})"
      "\n"
      R"({"target":"198.51.100.7:22","rewritten":null,"route":"corp","rule":"t.conf:12",)"
      R"("list":null,"hops":["office","far"],"mode":"strict","resolve":"none","programs":[]})"
      "\n"
      R"({"target":"[2001:db8::7]:22","rewritten":null,"route":"reject","rule":"default",)"
      R"("list":null,"hops":[],"mode":null,"resolve":"none","programs":[]})"
      "\n"
      R"({"target":"a.corp.example:443","rewritten":null,"route":"direct",)"
      R"("rule":"t.conf:10","list":null,"hops":[],"mode":null,"resolve":"local","programs":[]})"
      "\n");
}

TEST_F(ExplainTest, ResolvesHereWithLocalDns) {
  const BuiltText local("[gochain]\ndns = local\ndefault = a\n[proxy a]\nurl = http://h\n");
  EXPECT_NE(Say(local.config(), {"x"}).find("resolved by this machine"), std::string::npos);
}

TEST_F(ExplainTest, EscapesWhatJsonMust) {
  config::Inputs inputs;
  const config::RulesText file("[rules]\nreject = *\n");
  const std::string link = "/tmp/gochain-\"explain\\\n" + std::to_string(getpid());
  ASSERT_EQ(symlink(file.path().c_str(), link.c_str()), 0);
  inputs.file = link;
  const BuiltText built(inputs);
  unlink(link.c_str());
  ASSERT_EQ(built.Complaints(), "");
  EXPECT_NE(Say(built.config(), {"a"}, engine::LogFormat::kJson)
                .find(R"("rule":"/tmp/gochain-\"explain\\\u000a)"),
            std::string::npos);
}

TEST_F(ExplainTest, TakesEveryFormOfATarget) {
  const auto target = [this](const char* text) {
    const std::string said = Say({text});
    return said.substr(0, said.find(" -> "));
  };
  EXPECT_EQ(target("a."), "a:443");
  EXPECT_EQ(target("a.:80"), "a:80");
  EXPECT_EQ(target("2001:db8::1"), "[2001:db8::1]:443");
  EXPECT_EQ(target("[2001:db8::1]"), "[2001:db8::1]:443");
  EXPECT_EQ(target("[2001:db8::1]:22"), "[2001:db8::1]:22");
  EXPECT_EQ(target("::ffff:192.0.2.1"), "192.0.2.1:443");
  EXPECT_EQ(target("B\u00fccher.example:80"), "xn--bcher-kva.example:80");
  EXPECT_EQ(Say({"i\u2764.example"}),
            "!--explain: bad target 'i\u2764.example': string contains a disallowed character");
  for (const char* const bad : {"", ":80", "a:", "a:0", "a:65536", "a:b", "a b", "http://a",
                                "[2001:db8::1", "[a]:80", "256.1.1.1", "1:2:3", "caf\xc3\xa9:0"}) {
    EXPECT_EQ(Say({"ok", bad}), "!--explain: bad target '" + std::string(bad) +
                                    "': HOST, HOST:PORT or [ADDRESS]:PORT is needed");
  }
}

TEST_F(ExplainTest, ShowsTheModeAndTheCandidates) {
  const config::BuiltText built(
      "[gochain]\ndefault = c\n[proxy a]\nurl = socks5://h\n[proxy b]\nurl = http://i\n"
      "[chain c]\nhops = a b\nmode = random\nlength = 2\n"
      "[chain d]\nhops = a b\nmode = failover\n[rules]\nd = d.example\n");
  EXPECT_EQ(built.Complaints(), "");
  const std::string candidates =
      "    candidate 1: a (socks5 h:1080)\n"
      "    candidate 2: b (http i:8080)\n";
  EXPECT_NE(Say(built.config(), {"x.example"})
                .find("    mode: random: 2 of them, drawn by lot\n" + candidates),
            std::string::npos);
  EXPECT_NE(Say(built.config(), {"d.example"})
                .find("    mode: failover: the first that is alive\n" + candidates),
            std::string::npos);
  EXPECT_NE(Say(built.config(), {"d.example"}, engine::LogFormat::kJson)
                .find(R"("hops":["a","b"],"mode":"failover")"),
            std::string::npos);
}

}  // namespace
}  // namespace explain
