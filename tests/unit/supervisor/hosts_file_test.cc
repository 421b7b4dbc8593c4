#include "supervisor/hosts_file.h"

#include <gtest/gtest.h>

#include <string>

#include "../engine/rules_session.h"

namespace supervisor {
namespace {

class HostsFileTest : public testing::Test {
 protected:
  std::string NameOf(const char* address) {
    const auto name = session_.answers().NameOf(engine::Ip(address));
    return name ? std::string(name->name()) : std::string();
  }

  engine::Session session_ = engine::SessionOf(
      "[gochain]\ndefault = far\n[proxy far]\nurl = socks5://192.0.2.9\n"
      "[rules]\ndirect = *.corp.example git.port.example:22\n"
      "[hosts]\nbox.example = 10.0.0.9\n");
};

TEST_F(HostsFileTest, RemembersTheFirstNameOfAnAddress) {
  RememberHostsFile(session_,
                    "# 10.0.0.1 not.corp.example\n"
                    "127.0.0.1\tlocalhost here.corp.example\r\n"
                    "10.0.0.5 Git.Corp.Example. alias.corp.example # comment\r\n"
                    "10.0.0.6 git.port.example\n"
                    "  2001:db8::5   six.corp.example");
  EXPECT_EQ(NameOf("10.0.0.5"), "git.corp.example");
  EXPECT_EQ(NameOf("2001:db8::5"), "six.corp.example");
  EXPECT_EQ(NameOf("10.0.0.6"), "git.port.example");
  EXPECT_EQ(NameOf("10.0.0.1"), "");
  EXPECT_EQ(NameOf("127.0.0.1"), "");
}

TEST_F(HostsFileTest, PrefersANameThatMayNotGoStraightOut) {
  RememberHostsFile(session_,
                    "10.0.0.5 git.corp.example www.public.example\n"
                    "10.0.0.6 git.corp.example\n10.0.0.6 www.public.example\n"
                    "10.0.0.9 other.corp.example\n");
  EXPECT_EQ(NameOf("10.0.0.5"), "www.public.example");
  EXPECT_EQ(NameOf("10.0.0.6"), "www.public.example");
  EXPECT_EQ(NameOf("10.0.0.9"), "") << "box.example has it";
}

TEST_F(HostsFileTest, RemembersANameOfTheSameAddressInTheRulesFile) {
  RememberHostsFile(session_, "10.0.0.9 box.example\n");
  EXPECT_EQ(NameOf("10.0.0.9"), "box.example");
}

TEST_F(HostsFileTest, PassesRubbishOver) {
  RememberHostsFile(session_,
                    "10.0.0.5\nname.corp.example\n\n10.0.0.300 a.corp.example\n10.0.0.5 " +
                        std::string(300, 'a') + "\n10.0.0.7");
  EXPECT_EQ(NameOf("10.0.0.5"), "");
  EXPECT_EQ(NameOf("10.0.0.7"), "");
}

}  // namespace
}  // namespace supervisor
