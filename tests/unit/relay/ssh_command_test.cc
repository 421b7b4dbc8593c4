#include "relay/ssh_command.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace relay {
namespace {

using Words = std::vector<std::string>;

std::string Joined(const Words& words) {
  std::string out;
  for (const std::string& word : words) {
    out += word + "\n";
  }
  return out;
}

bool HasPair(const Words& words, const std::string& option, const std::string& value) {
  const Words pair = {option, value};
  return std::search(words.begin(), words.end(), pair.begin(), pair.end()) != words.end();
}

TEST(SshCommandTest, LeavesWhatIsNotSaidToSshsOwnConfig) {
  SshTarget bastion;
  bastion.host = "bastion";
  const Words words = MasterArguments(bastion, "/r/s", "");
  EXPECT_EQ(words.front(), "ssh");
  EXPECT_TRUE(HasPair(words, "--", "bastion"));
  EXPECT_TRUE(HasPair(words, "-S", "/r/s"));
  EXPECT_TRUE(HasPair(words, "-o", "BatchMode=yes"));
  for (const char* option : {"-F", "-p", "-l"}) {
    EXPECT_EQ(std::count(words.begin(), words.end(), option), 0) << Joined(words);
  }
  EXPECT_EQ(Joined(words).find("ProxyCommand"), std::string::npos);
}

TEST(SshCommandTest, PassesUserPortAndConfig) {
  const Words words = MasterArguments(
      {.host = "192.0.2.1", .user = "-oops", .port = 2222, .config_file = "/c"}, "/r/s%h", "x %h");
  EXPECT_TRUE(HasPair(words, "-l", "-oops"));
  EXPECT_TRUE(HasPair(words, "-p", "2222"));
  EXPECT_TRUE(HasPair(words, "-F", "/c"));
  EXPECT_TRUE(HasPair(words, "-S", "/r/s%%h"));
  EXPECT_TRUE(HasPair(words, "-o", "ProxyCommand=x %h"));
  EXPECT_TRUE(HasPair(words, "-o", "ProxyUseFdpass=yes"));
  EXPECT_EQ(words.back(), "192.0.2.1");
}

TEST(SshCommandTest, QuotesThePathsOfTheProxyCommand) {
  EXPECT_EQ(ProxyCommand("/opt/it's 100%/gochain", "--go", "/r/d"),
            "'/opt/it'\\''s 100%%/gochain' --go '/r/d' %h %p");
}

TEST(SshCommandTest, TakesGochainOutOfTheEnvironment) {
  const char* const environment[] = {"HOME=/h",
                                     "GOCHAIN_CONF=/c",
                                     "GOCHAIN_STATE=x",
                                     "SSH_AUTH_SOCK=/a",
                                     "LD_PRELOAD=/x/libgochain.so:/y/other.so /z/more.so",
                                     nullptr};
  EXPECT_EQ(SshEnvironment(environment),
            (Words{"HOME=/h", "SSH_AUTH_SOCK=/a", "LD_PRELOAD=/y/other.so:/z/more.so"}));
  const char* const alone[] = {"LD_PRELOAD=/x/libgochain.so", nullptr};
  EXPECT_EQ(SshEnvironment(alone), Words{});
}

}  // namespace
}  // namespace relay
