#include "injection/injection.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "../fake_environment.h"

namespace injection {
namespace {

class MakeTest : public testing::Test {
 protected:
  MakeTest() {
    environment.clear();
    request_.inputs.getenv_fn = Getenv;
    request_.library = "/opt/libgochain.so";
  }

  // "NAME=value" or "-NAME", one a line, and the warnings; or the error.
  std::string Made() {
    Injection injection;
    std::string error;
    if (!Make(request_, &injection, &error)) {
      return "error: " + error;
    }
    std::string out;
    for (const config::EnvChange& change : injection.changes) {
      out += change.unset ? "-" + change.name : change.name + "=" + change.value;
      out += "\n";
    }
    for (const std::string& warning : injection.warnings) {
      out += warning + "\n";
    }
    return out;
  }

  Request request_;
};

TEST_F(MakeTest, NamesTheRulesFileAndTheLibrary) {
  request_.inputs.file = "/etc/x y.conf";
  EXPECT_EQ(Made(), "GOCHAIN_CONF=/etc/x y.conf\nLD_PRELOAD=/opt/libgochain.so\n");
}

TEST_F(MakeTest, SaysTheProxiesBesideTheFile) {
  request_.inputs.file = "/x.conf";
  request_.inputs.proxy_urls = {"socks5://a:1", "b:2"};
  EXPECT_EQ(Made(),
            "GOCHAIN_PROXY=socks5://a:1,b:2\nGOCHAIN_CONF=/x.conf\n"
            "LD_PRELOAD=/opt/libgochain.so\n");
}

TEST_F(MakeTest, SaysACommaOfAUrlSoThatItPartsNothing) {
  request_.inputs.proxy_urls = {"socks5://a,b@h", "c:2"};
  EXPECT_EQ(Made(), "GOCHAIN_PROXY=socks5://a%2Cb@h,c:2\nLD_PRELOAD=/opt/libgochain.so\n");
}

TEST_F(MakeTest, StandsInFrontOfOtherPreloads) {
  request_.inputs.file = "/x.conf";
  environment = {{"LD_PRELOAD", "/one.so /old/libgochain.so:/two.so"}};
  EXPECT_EQ(Made(), "GOCHAIN_CONF=/x.conf\nLD_PRELOAD=/opt/libgochain.so:/one.so:/two.so\n");
}

TEST_F(MakeTest, TakesTheProxyVariablesAway) {
  request_.inputs.file = "/x.conf";
  environment = {{"https_proxy", "http://h"}, {"NO_PROXY", ""}, {"HTTP_PROXY", "x"}, {"PROXY", ""}};
  EXPECT_EQ(Made(),
            "-HTTP_PROXY\n-https_proxy\n-NO_PROXY\nGOCHAIN_CONF=/x.conf\n"
            "LD_PRELOAD=/opt/libgochain.so\n");
  request_.keep_proxy_env = true;
  EXPECT_EQ(Made(), "GOCHAIN_CONF=/x.conf\nLD_PRELOAD=/opt/libgochain.so\n");
}

TEST_F(MakeTest, DoesWhatTheRulesFileSaysOfTheEnvironment) {
  request_.inputs.file = "/x.conf";
  environment = {{"https_proxy", "http://theirs"}, {"http_proxy", "http://theirs"}};
  request_.env = {{"GOFLAGS", "", true}, {"https_proxy", "", true}, {"http_proxy", "ours", false}};
  EXPECT_EQ(Made(),
            "-GOFLAGS\n-https_proxy\nhttp_proxy=ours\nGOCHAIN_CONF=/x.conf\n"
            "LD_PRELOAD=/opt/libgochain.so\n");
}

TEST_F(MakeTest, SaysTheSettingsThatAreNotTheDefault) {
  request_.inputs.file = "/x.conf";
  request_.settings.log_level = engine::LogLevel::kInfo;
  request_.settings.log_format = engine::LogFormat::kJson;
  std::string("/log").copy(request_.settings.log_file.data(), 4);
  EXPECT_EQ(Made(),
            "GOCHAIN_CONF=/x.conf\nGOCHAIN_LOG=info\nGOCHAIN_LOG_FORMAT=json\n"
            "GOCHAIN_LOG_FILE=/log\nLD_PRELOAD=/opt/libgochain.so\n");
}

TEST_F(MakeTest, SaysADefaultWhereTheEnvironmentHasAnotherWord) {
  request_.inputs.file = "/x.conf";
  environment = {{"GOCHAIN_LOG", "debug"}, {"GOCHAIN_LOG_FORMAT", "json"}};
  EXPECT_EQ(Made(),
            "GOCHAIN_CONF=/x.conf\nGOCHAIN_LOG=warn\nGOCHAIN_LOG_FORMAT=text\n"
            "LD_PRELOAD=/opt/libgochain.so\n");
}

TEST_F(MakeTest, NamesALauncherThatTheLibraryWouldNotFind) {
  request_.inputs.file = "/x.conf";
  request_.launcher = "/bin/gochain";
  EXPECT_EQ(Made(),
            "GOCHAIN_CONF=/x.conf\nGOCHAIN_LAUNCHER=/bin/gochain\nLD_PRELOAD=/opt/libgochain.so\n");
}

TEST_F(MakeTest, PrintsNoPassword) {
  request_.inputs.proxy_urls = {"http://h", "http://alice:s3cret@h"};
  EXPECT_EQ(Made(),
            "error: --env prints no password: keep it in a rules file, or set GOCHAIN_PROXY in the "
            "environment that the variables are for");
  request_.inputs.proxy_urls = {"http://alice@h"};
  EXPECT_EQ(Made(), "GOCHAIN_PROXY=http://alice@h\nLD_PRELOAD=/opt/libgochain.so\n");
}

TEST_F(MakeTest, LeavesAPasswordWhereItIs) {
  request_.inputs.proxy_urls = {"http://alice:s3cret@h"};
  request_.inputs.urls_from_environment = true;
  EXPECT_EQ(Made(),
            "LD_PRELOAD=/opt/libgochain.so\n"
            "warning: GOCHAIN_PROXY has a password and isn't printed; it has to stay in the "
            "environment\n");
}

TEST_F(MakeTest, MakesAllProxyItsOwn) {
  request_.inputs.all_proxy = "socks5://h:1";
  request_.inputs.all_proxy_variable = "all_proxy";
  environment = {{"all_proxy", "socks5://h:1"}};
  EXPECT_EQ(Made(), "-all_proxy\nGOCHAIN_PROXY=socks5://h:1\nLD_PRELOAD=/opt/libgochain.so\n");
  request_.inputs.no_proxy = "corp.example";
  EXPECT_EQ(Made(),
            "error: --env: NO_PROXY has no place beside GOCHAIN_PROXY, and all_proxy goes; give -p "
            "URL or a rules file");
  request_.keep_proxy_env = true;
  EXPECT_EQ(Made(), "LD_PRELOAD=/opt/libgochain.so\n");
}

}  // namespace
}  // namespace injection
