#include "config/builder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "../fake_environment.h"
#include "rules_text.h"

namespace config {
namespace {

std::string Host(const BuiltText& built, Route route, size_t hop) {
  return built.Text(built.config().HopAt(route, hop).host);
}

Inputs CommandLine(std::vector<std::string> urls) {
  Inputs inputs;
  inputs.proxy_urls = std::move(urls);
  return inputs;
}

TEST(BuilderTest, MakesTheProxiesOfTheCommandLineAChainAndTheDefault) {
  const BuiltText built(CommandLine({"http://u:secret@a", "socks5://[::1]:9"}));
  ASSERT_EQ(built.Complaints(), "");
  const Globals& globals = built.config().globals();
  EXPECT_EQ(built.config().RouteName(globals.default_route), "cmdline");
  EXPECT_EQ(globals.default_source, DefaultSource::kCommandLine);
  ASSERT_EQ(built.config().HopCount(globals.default_route), 2u);
  EXPECT_EQ(Host(built, globals.default_route, 1), "::1");
  EXPECT_EQ(built.Text(built.config().proxies()[0].name), "http://a:8080");
  EXPECT_EQ(built.Text(built.config().proxies()[0].password), "secret");
  EXPECT_EQ(built.config().patterns().size(), 0u);
}

TEST(BuilderTest, CallsOneProxyOfTheEnvironmentAChainToo) {
  Inputs inputs = CommandLine({"a:3128"});
  inputs.urls_from_environment = true;
  const BuiltText built(inputs);
  ASSERT_EQ(built.Complaints(), "");
  const Globals& globals = built.config().globals();
  EXPECT_EQ(built.config().RouteName(globals.default_route), "environment");
  EXPECT_EQ(globals.default_source, DefaultSource::kEnvironment);
  EXPECT_EQ(built.config().HopCount(globals.default_route), 1u);
}

TEST(BuilderTest, KeepsTheFilesRulesAndReplacesItsDefault) {
  const BuiltText built(
      "[gochain]\ndefault = b\ndns = local\n[proxy b]\nurl = http://b\n"
      "[rules]\nb = x\ncmdline = y\n",
      CommandLine({"http://a"}));
  ASSERT_EQ(built.Complaints(), "");
  const Config& config = built.config();
  EXPECT_EQ(config.RouteName(config.globals().default_route), "cmdline");
  EXPECT_EQ(config.globals().default_source, DefaultSource::kCommandLine);
  EXPECT_EQ(config.globals().dns, Dns::kLocal);
  ASSERT_EQ(config.patterns().size(), 2u);
  EXPECT_EQ(Host(built, config.patterns()[0].route, 0), "b");
  EXPECT_EQ(Host(built, config.patterns()[1].route, 0), "a");
}

TEST(BuilderTest, RefusesAHopThatTheOneBeforeCantBeToldOf) {
  EXPECT_EQ(BuiltText(CommandLine({"socks4://192.0.2.1", "http://b.example"})).Complaints(),
            "-p: the hop 'socks4://192.0.2.1:1080' can't be told the name of the hop "
            "'http://b.example:8080' behind it: give its address, or use socks4a\n");
  EXPECT_EQ(BuiltText(CommandLine({"socks4a://192.0.2.1", "http://[2001:db8::1]"})).Complaints(),
            "-p: the hop 'socks4a://192.0.2.1:1080' can't be told the IPv6 address of the hop "
            "'http://[2001:db8::1]:8080' behind it: SOCKS4 carries IPv4 alone\n");
  EXPECT_EQ(
      BuiltText(CommandLine({"socks4a://192.0.2.1", "socks4://b.example", "http://192.0.2.2"}))
          .Complaints(),
      "");
}

TEST(BuilderTest, ReportsTheErrorsOfAllInputsTogether) {
  const BuiltText built(
      "[gochain]\ndns = 1\n[rules]\ncmdline = x\n[proxy cmdline]\nurl = http://h\n",
      CommandLine({"http://u:secret@a/x", "http://b", "http://b", "ftp://c"}));
  EXPECT_EQ(built.Complaints(),
            "-p: the proxy URL 'http://u:***@a/x' has a path, query or fragment; a proxy has none\n"
            "-p: the hop http://b:8080 stands twice in the chain\n"
            "-p: unknown proxy type 'ftp'\n"
            "t.conf:2: bad dns '1': remote or local is needed\n"
            "t.conf:5: the name 'cmdline' is taken by -p\n");
  EXPECT_TRUE(built.image().empty());
}

TEST(BuilderTest, TakesSixteenHopsOfTheCommandLine) {
  std::vector<std::string> urls;
  for (int i = 0; i < 16; ++i) {
    urls.push_back("http://h" + std::to_string(i));
  }
  EXPECT_TRUE(BuiltText(CommandLine(urls)).ok());
  urls.push_back("http://one.more");
  EXPECT_EQ(BuiltText(CommandLine(urls)).Complaints(), "-p: more than 16 hops\n");
}

TEST(BuilderTest, NamesTheVariableOfABadUrl) {
  Inputs inputs = CommandLine({"http://h/x"});
  inputs.urls_from_environment = true;
  EXPECT_EQ(BuiltText(inputs).Complaints().rfind("GOCHAIN_PROXY: the proxy URL", 0), 0u);
  Inputs all;
  all.all_proxy = "https://h/x";
  all.all_proxy_variable = "HTTPS_PROXY";
  EXPECT_EQ(BuiltText(all).Complaints().rfind("HTTPS_PROXY: the proxy URL", 0), 0u);
}

TEST(BuilderTest, TakesHttpsProxiesFromAnywhere) {
  Inputs all;
  all.all_proxy = "https://alice:secret@h";
  all.all_proxy_variable = "HTTPS_PROXY";
  for (const Inputs& inputs : {all, CommandLine({"https://alice:secret@h"})}) {
    const BuiltText built(inputs);
    ASSERT_TRUE(built.ok()) << built.Complaints();
    const Proxy& proxy = built.config().proxies()[0];
    EXPECT_EQ(proxy.type, ProxyType::kHttps);
    EXPECT_EQ(proxy.port, 443);
    EXPECT_EQ(built.Text(proxy.password), "secret");
    EXPECT_FALSE(proxy.insecure);
  }
}

TEST(BuilderTest, MakesNoProxyDirectRules) {
  Inputs inputs;
  inputs.all_proxy = "socks5h://h";
  inputs.all_proxy_variable = "ALL_PROXY";
  inputs.no_proxy =
      "corp.example, .internal,*.lab 10.1.2.3/8,192.0.2.7,:9418,h:80,<local>,,@private";
  const BuiltText built(inputs);
  ASSERT_EQ(built.Complaints(), "");
  EXPECT_EQ(built.config().globals().default_source, DefaultSource::kEnvironment);
  const auto patterns = built.config().patterns();
  ASSERT_EQ(patterns.size(), 7u);
  EXPECT_EQ(patterns[0].kind, PatternKind::kSelfOrBelow);
  EXPECT_EQ(built.Text(patterns[0].host), "corp.example");
  EXPECT_EQ(patterns[1].kind, PatternKind::kSelfOrBelow);
  EXPECT_EQ(patterns[2].kind, PatternKind::kBelow);
  EXPECT_EQ(patterns[3].prefix_bits, 8);
  EXPECT_EQ(patterns[4].prefix_bits, 32);
  EXPECT_EQ(patterns[5].low_port, 9418);
  EXPECT_EQ(patterns[6].low_port, 80);
  for (const Pattern& pattern : patterns) {
    EXPECT_EQ(pattern.route.kind, RouteKind::kDirect);
    EXPECT_EQ(built.Text(pattern.source.file), "NO_PROXY");
    EXPECT_EQ(pattern.source.line, 0u);
  }
  EXPECT_EQ(built.Text(patterns[3].source.line_text), "10.1.2.3/8");
}

TEST(BuilderTest, SaysOnceThatAFileCannotBeRead) {
  Inputs inputs;
  inputs.file = "/nonexistent/gochain.conf";
  EXPECT_EQ(BuiltText(inputs).Complaints(),
            "/nonexistent/gochain.conf: cannot read: No such file or directory\n");
  inputs.file = "/";
  EXPECT_EQ(BuiltText(inputs).Complaints(), "/: cannot read: Is a directory\n");
  inputs.file = "/dev/zero";
  EXPECT_EQ(BuiltText(inputs).Complaints(), "/dev/zero: cannot read: File too large\n");
}

TEST(BuilderTest, TakesAnEmptyFile) {
  const BuiltText built("");
  ASSERT_TRUE(built.ok());
  EXPECT_EQ(built.config().globals().default_route.kind, RouteKind::kDirect);
  EXPECT_FALSE(built.config().HasProxies());
}

class FindInputsTest : public testing::Test {
 protected:
  FindInputsTest() {
    environment.clear();
    char name[] = "/tmp/gochain-inputs-XXXXXX";
    folder_ = mkdtemp(name);
    Set("HOME", folder_);
  }
  ~FindInputsTest() override {
    for (auto path = made_.rbegin(); path != made_.rend(); ++path) {
      remove(path->c_str());
    }
    rmdir(folder_.c_str());
  }

  static void Set(const char* name, const std::string& value) {
    environment.emplace_back(name, value);
  }
  std::string MakeFile(const std::vector<std::string>& folders) {
    std::string path = folder_;
    for (const std::string& folder : folders) {
      path += "/" + folder;
      mkdir(path.c_str(), 0700);
      made_.push_back(path);
    }
    path += "/gochain.conf";
    fclose(fopen(path.c_str(), "w"));
    made_.push_back(path);
    return path;
  }
  Inputs Find(const std::string& config = {}, const std::vector<std::string>& proxies = {}) {
    Inputs inputs;
    found_ = FindInputs(config, proxies, Getenv, &inputs);
    return inputs;
  }

  std::string folder_;
  std::vector<std::string> made_;
  bool found_ = false;
};

TEST_F(FindInputsTest, FindsNothingInAnEmptyEnvironment) {
  if (access("/etc/gochain.conf", F_OK) == 0) {
    GTEST_SKIP() << "/etc/gochain.conf is there";
  }
  Find();
  EXPECT_FALSE(found_);
}

TEST_F(FindInputsTest, ReadsAFileBesideProxiesOnlyWhereItIsNamed) {
  MakeFile({".config", "gochain"});
  EXPECT_EQ(Find({}, {"http://a"}).file, "");
  EXPECT_EQ(Find("x.conf", {"http://a"}).file, "x.conf");
  Set("GOCHAIN_CONF", "y.conf");
  const Inputs inputs = Find({}, {"http://a"});
  EXPECT_TRUE(found_);
  EXPECT_EQ(inputs.file, "y.conf");
  EXPECT_EQ(inputs.proxy_urls, std::vector<std::string>{"http://a"});
  EXPECT_FALSE(inputs.urls_from_environment);
  EXPECT_EQ(Find("x.conf").file, "x.conf");
}

TEST_F(FindInputsTest, PrefersTheCommandLineToGochainProxy) {
  Set("GOCHAIN_PROXY", "http://b , socks5://c");
  EXPECT_EQ(Find({}, {"http://a"}).proxy_urls, std::vector<std::string>{"http://a"});
  const Inputs inputs = Find();
  EXPECT_TRUE(inputs.urls_from_environment);
  EXPECT_EQ(inputs.proxy_urls, (std::vector<std::string>{"http://b", "socks5://c"}));
}

TEST_F(FindInputsTest, SearchesTheFoldersInOrder) {
  const std::string home = MakeFile({".config", "gochain"});
  EXPECT_EQ(Find().file, home);
  EXPECT_TRUE(found_);
  const std::string xdg = MakeFile({"xdg", "gochain"});
  Set("XDG_CONFIG_HOME", folder_ + "/xdg");
  EXPECT_EQ(Find().file, xdg);
}

TEST_F(FindInputsTest, NeverLooksIntoTheCurrentFolder) {
  MakeFile({"xdg", "gochain"});
  MakeFile({".config", "gochain"});
  environment.clear();
  Set("XDG_CONFIG_HOME", "xdg");
  Set("HOME", ".");
  char old[4096];
  ASSERT_NE(getcwd(old, sizeof old), nullptr);
  ASSERT_EQ(chdir(folder_.c_str()), 0);
  const Inputs inputs = Find();
  ASSERT_EQ(chdir(old), 0);
  EXPECT_TRUE(inputs.file.empty() || inputs.file == "/etc/gochain.conf") << inputs.file;
}

TEST_F(FindInputsTest, TakesTheProxyVariablesLast) {
  if (access("/etc/gochain.conf", F_OK) == 0) {
    GTEST_SKIP() << "/etc/gochain.conf is there";
  }
  Set("ALL_PROXY", "");
  Set("https_proxy", "http://a");
  Set("no_proxy", "b");
  Inputs inputs = Find();
  EXPECT_TRUE(found_);
  EXPECT_EQ(inputs.all_proxy, "http://a");
  EXPECT_EQ(inputs.all_proxy_variable, "https_proxy");
  EXPECT_EQ(inputs.no_proxy, "b");
  environment.insert(environment.begin(), {"ALL_PROXY", "socks5://c"});
  EXPECT_EQ(Find().all_proxy, "socks5://c");
  const std::string file = MakeFile({".config", "gochain"});
  inputs = Find();
  EXPECT_EQ(inputs.file, file);
  EXPECT_EQ(inputs.all_proxy, "");
}

TEST_F(FindInputsTest, PassesNoFileOverThatIsThere) {
  mkdir((folder_ + "/gochain").c_str(), 0700);
  made_.push_back(folder_ + "/gochain");
  mkdir((folder_ + "/gochain/gochain.conf").c_str(), 0700);
  made_.push_back(folder_ + "/gochain/gochain.conf");
  Set("XDG_CONFIG_HOME", folder_);
  const Inputs inputs = Find();
  EXPECT_TRUE(found_);
  EXPECT_EQ(BuiltText(inputs).Complaints(), inputs.file + ": cannot read: Is a directory\n");
}

}  // namespace
}  // namespace config
