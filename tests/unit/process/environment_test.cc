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

}  // namespace
}  // namespace process
