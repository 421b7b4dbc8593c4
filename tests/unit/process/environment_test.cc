#include "process/environment.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace process {
namespace {

class CommandEnvironmentTest : public testing::Test {
 protected:
  CommandEnvironmentTest() {
    for (char** variable = environ; *variable != nullptr; ++variable) {
      saved_.emplace_back(*variable);
    }
    clearenv();
    job_.settings.mode = engine::Mode::kPreload;
  }
  ~CommandEnvironmentTest() override {
    clearenv();
    for (const std::string& variable : saved_) {
      const size_t split = variable.find('=');
      setenv(variable.substr(0, split).c_str(), variable.substr(split + 1).c_str(), 1);
    }
  }

  // All but GOCHAIN_STATE, one a line.
  std::string Environment() {
    std::string out;
    for (const std::string& variable : CommandEnvironment(job_, "state")) {
      out += variable == "GOCHAIN_STATE=state" ? "" : variable + "\n";
    }
    return out;
  }

  std::vector<std::string> saved_;
  Job job_;
};

TEST_F(CommandEnvironmentTest, UnsetsAndSetsWhatTheRulesFileSays) {
  setenv("GOFLAGS", "-mod=mod", 1);
  setenv("GOPROXY", "off", 1);
  setenv("LANG", "C", 1);
  setenv("http_proxy", "http://theirs", 1);
  job_.env = {{"GOFLAGS", "", true},
              {"GOPROXY", "https://goproxy.cn,direct", false},
              {"EMPTY", "", false},
              {"http_proxy", "http://ours", false}};
  EXPECT_EQ(Environment(),
            "LANG=C\nGOPROXY=https://goproxy.cn,direct\nEMPTY=\nhttp_proxy=http://ours\n");
}

TEST_F(CommandEnvironmentTest, TellsOfTheListenerAndOfNoOtherProxy) {
  job_.settings.mode = engine::Mode::kEnv;
  setenv("NO_PROXY", "*", 1);
  setenv("ftp_proxy", "http://theirs", 1);
  setenv("LD_PRELOAD", "/x/libgochain.so:/y/other.so", 1);
  job_.env = {{"https_proxy", "http://ours", false}};
  std::string out;
  for (const std::string& variable : ListenedEnvironment(job_, 4711)) {
    out += variable + "\n";
  }
  EXPECT_EQ(out,
            "https_proxy=http://ours\nLD_PRELOAD=/y/other.so\n"
            "HTTP_PROXY=http://127.0.0.1:4711\nhttp_proxy=http://127.0.0.1:4711\n"
            "HTTPS_PROXY=http://127.0.0.1:4711\n"
            "ALL_PROXY=socks5h://127.0.0.1:4711\nall_proxy=socks5h://127.0.0.1:4711\n"
            "NO_PROXY=\nno_proxy=\n");
}

TEST_F(CommandEnvironmentTest, KeepsProxysPasswordsBack) {
  setenv("OFFICE_PASSWORD", "s3cret", 1);
  setenv("OFFICE_PASSWORD2", "another", 1);
  job_.password_variables = {"OFFICE_PASSWORD"};
  EXPECT_EQ(Environment(), "OFFICE_PASSWORD2=another\n");
}

TEST_F(CommandEnvironmentTest, MakesThePathOfTheRulesFileAbsolute) {
  const std::string folder = std::filesystem::current_path();
  setenv("GOCHAIN_CONF", "conf/x.conf", 1);
  EXPECT_EQ(Environment(), "GOCHAIN_CONF=" + folder + "/conf/x.conf\n");
  setenv("GOCHAIN_CONF", "/etc/x.conf", 1);
  EXPECT_EQ(Environment(), "GOCHAIN_CONF=/etc/x.conf\n");
  setenv("GOCHAIN_CONF", "", 1);
  EXPECT_EQ(Environment(), "GOCHAIN_CONF=\n");
}

TEST_F(CommandEnvironmentTest, HashesTheRulesVariablesAsCommandHasThem) {
  EXPECT_EQ(HashRulesVariables(), engine::RulesVariableHashes{});
  const std::string folder = std::filesystem::current_path();
  setenv("GOCHAIN_CONF", "x.conf", 1);
  setenv("GOCHAIN_PROXY", "", 1);
  const engine::RulesVariableHashes expected = {engine::HashOfRulesVariable(folder + "/x.conf"), 0};
  EXPECT_EQ(HashRulesVariables(), expected);
}

}  // namespace
}  // namespace process
