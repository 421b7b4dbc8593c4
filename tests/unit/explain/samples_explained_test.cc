// What the ready-made files decide. Run from the project's root, as make does.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "../config/rules_text.h"
#include "explain/explain.h"
#include "explain/lint.h"

namespace explain {
namespace {

using config::BuiltText;

struct Case {
  const char* target;
  const char* explained;  // the line behind "TARGET -> ", and who looks the name up
};

// What the files ask of the environment.
const char* Variable(const char* name) {
  const std::string_view asked = name;
  return asked == "GOPRIVATE"         ? "*.corp.example,github.com/acme"
         : asked == "OFFICE_PASSWORD" ? "secret"
                                      : nullptr;
}

BuiltText Built(const char* path) {
  config::Inputs inputs;
  inputs.file = path;
  inputs.getenv_fn = Variable;
  return BuiltText(inputs);
}

// "ROUTE (FILE:LINE: TEXT)", then " by proxy" or " by local" where the target is a name.
std::string Explained(const config::Config& config, const char* target) {
  std::string text;
  std::string error;
  const std::vector<std::string> targets = {target};
  if (!Explain(config, {}, targets, engine::LogFormat::kText, &text, &error)) {
    return error;
  }
  const size_t begin = text.find(" -> ") + 4;
  std::string out = text.substr(begin, text.find('\n') - begin);
  Explain(config, {}, targets, engine::LogFormat::kJson, &text, &error);
  for (const char* const who : {"proxy", "local"}) {
    if (text.find(R"("resolve":")" + std::string(who)) != std::string::npos) {
      out += std::string(" by ") + who;
    }
  }
  return out;
}

void ExpectExplained(const char* path, std::vector<Case> cases) {
  const BuiltText built = Built(path);
  ASSERT_EQ(built.Complaints(), "");
  for (const Case& c : cases) {
    EXPECT_EQ(Explained(built.config(), c.target), c.explained) << path << ", " << c.target;
  }
  const std::string lint = Lint(built.config(), {}, engine::LogFormat::kText);
  EXPECT_NE(lint.find(": no warnings\n"), std::string::npos) << lint;
}

TEST(SamplesExplainedTest, OneProxy) {
  ExpectExplained("conf/one-proxy.conf",
                  {{"proxy.golang.org", "proxy (default) by proxy"},
                   {"github.com:22", "proxy (default) by proxy"},
                   {"192.0.2.7:80", "proxy (default)"},
                   {"10.1.2.3:5432", "direct (conf/one-proxy.conf:10: direct = @private)"},
                   {"127.0.0.1:8080", "direct (loopback)"},
                   {"proxy.corp.example:8080", "direct (first hop) by local"}});
}

TEST(SamplesExplainedTest, TwoHopsPrivateDirect) {
  constexpr const char* kDirect =
      "direct (conf/two-hops-private-direct.conf:16: direct = @private *.corp.example "
      "git.internal.example)";
  const std::string name = std::string(kDirect) + " by local";
  ExpectExplained("conf/two-hops-private-direct.conf",
                  {{"proxy.golang.org", "out (default) by proxy"},
                   {"corp.example", "out (default) by proxy"},
                   {"git.corp.example:22", name.c_str()},
                   {"git.internal.example", name.c_str()},
                   {"[fd00::7]:443", kDirect},
                   {"192.168.1.1", kDirect},
                   {"[2001:db8::1]:443", "out (default)"},
                   {"localhost:80", "direct (loopback) by local"}});
}

TEST(SamplesExplainedTest, SshD) {
  ExpectExplained("conf/ssh-d.conf", {{"only.there.example", "bastion (default) by proxy"},
                                      {"10.1.2.3:22", "bastion (default)"},
                                      {"127.0.0.1:1080", "direct (loopback)"}});
}

TEST(SamplesExplainedTest, Cntlm) {
  constexpr const char* kDirect = "direct (conf/cntlm.conf:11: direct = @private *.corp.example)";
  const std::string name = std::string(kDirect) + " by local";
  ExpectExplained("conf/cntlm.conf", {{"proxy.golang.org", "cntlm (default) by proxy"},
                                      {"wiki.corp.example:80", name.c_str()},
                                      {"172.16.0.9:22", kDirect},
                                      {"127.0.0.1:3128", "direct (loopback)"}});
}

TEST(SamplesExplainedTest, HttpsProxy) {
  ExpectExplained("conf/https-proxy.conf",
                  {{"proxy.golang.org", "office (default) by proxy"},
                   {"wiki.corp.example:80",
                    "direct (conf/https-proxy.conf:15: direct = @private *.corp.example) by local"},
                   {"proxy.corp.example:8443",
                    "direct (conf/https-proxy.conf:15: direct = @private *.corp.example) by local"},
                   {"198.51.100.7:80", "office (default)"}});
}

TEST(SamplesExplainedTest, Ntlm) {
  constexpr const char* kDirect = "direct (conf/ntlm.conf:19: direct = @private *.corp.example)";
  const std::string name = std::string(kDirect) + " by local";
  ExpectExplained("conf/ntlm.conf", {{"proxy.golang.org", "out (default) by proxy"},
                                     {"wiki.corp.example:80", name.c_str()},
                                     {"10.1.2.3:22", kDirect},
                                     {"198.51.100.7:80", "out (default)"}});
}

TEST(SamplesExplainedTest, Failover) {
  constexpr const char* kDirect =
      "direct (conf/failover.conf:20: direct = @private *.corp.example)";
  const std::string name = std::string(kDirect) + " by local";
  ExpectExplained("conf/failover.conf", {{"proxy.golang.org", "out (default) by proxy"},
                                         {"proxy2.corp.example:8080", name.c_str()},
                                         {"198.51.100.7:80", "out (default)"}});
}

TEST(SamplesExplainedTest, Kerberos) {
  ExpectExplained("conf/kerberos.conf",
                  {{"proxy.golang.org", "office (default) by proxy"},
                   {"wiki.corp.example:80",
                    "direct (conf/kerberos.conf:12: direct = @private *.corp.example) by local"},
                   {"198.51.100.7:80", "office (default)"}});
}

TEST(SamplesExplainedTest, Tor) {
  ExpectExplained("conf/tor.conf", {{"check.torproject.org", "tor (default) by proxy"},
                                    {"abc.onion:80",
                                     "tor (conf/tor.conf:14: tor = .onion              ; whatever "
                                     "the default becomes) by proxy"},
                                    {"10.0.0.1:22", "reject (conf/tor.conf:15: reject = @private)"},
                                    {"198.51.100.7:80", "tor (default)"},
                                    {"127.0.0.1:9050", "direct (loopback)"}});
}

// The module proxy and the private modules straight, what else is fetched by the proxy.
TEST(SamplesExplainedTest, GoProxies) {
  for (const std::string proxy : {"cn", "io"}) {
    const std::string path = "conf/goproxy-" + proxy + ".conf";
    const BuiltText built = Built(path.c_str());
    ASSERT_EQ(built.built().env.size(), 1u);
    EXPECT_EQ(built.built().env[0].name, "GOPROXY");
    EXPECT_EQ(built.built().env[0].value, "https://goproxy." + proxy + ",direct");
    const std::string line = proxy == "cn" ? "16" : "15";
    const std::string direct =
        "direct (" + path + ":" + line + ": direct = @goprivate goproxy." + proxy + ") by local";
    const std::string module_proxy = "goproxy." + proxy;
    ExpectExplained(path.c_str(), {{module_proxy.c_str(), direct.c_str()},
                                   {"git.corp.example", direct.c_str()},
                                   {"corp.example", "tunnel (default) by proxy"},
                                   {"github.com", "tunnel (default) by proxy"},
                                   {"proxy.golang.org", "tunnel (default) by proxy"}});
  }
}

TEST(SamplesExplainedTest, EverythingOfTheBlankFileIsDirect) {
  ExpectExplained("conf/gochain.conf", {{"proxy.golang.org", "direct (default) by local"},
                                        {"192.0.2.7:80", "direct (default)"}});
}

}  // namespace
}  // namespace explain
