#include "supervisor/name_services.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <string>

#include "base/fd.h"

namespace supervisor {
namespace {

TEST(HostsAskTest, FindsAModuleOfTheHostsLineOnly) {
  const char file[] = "passwd: files sss\n# hosts: sss\n hosts:\tfiles [NOTFOUND=return] dns\n";
  EXPECT_FALSE(HostsAsk(file, "sss"));
  EXPECT_TRUE(HostsAsk(file, "dns"));
  EXPECT_TRUE(HostsAsk("hosts: files wins dns # sss", "wins"));
  EXPECT_FALSE(HostsAsk("hosts: files wins dns # sss", "sss"));
  EXPECT_FALSE(HostsAsk("", "dns"));
}

// /run/nscd/socket and a link to it, where this user may make them.
class NameServicesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    made_directory_ = mkdir("/run/nscd", 0755) == 0;
    if (!made_directory_) {
      GTEST_SKIP() << "cannot make /run/nscd";
    }
    socket_.Reset(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address = Address("/run/nscd/socket");
    ASSERT_EQ(bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(link("/run/nscd/socket", "/run/nscd/other"), 0);
  }
  void TearDown() override {
    if (made_directory_) {
      unlink("/run/nscd/socket");
      unlink("/run/nscd/other");
      rmdir("/run/nscd");
    }
  }

  static sockaddr_un Address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
  }
  static bool Refused(const std::string& path) {
    const sockaddr_un address = Address(path);
    const auto size = offsetof(sockaddr_un, sun_path) + path.size();
    PidfdCache pidfds;
    return IsNameService(Caller(gettid(), pidfds), address, static_cast<socklen_t>(size));
  }

  bool made_directory_ = false;
  base::Fd socket_;
};

TEST_F(NameServicesTest, KnowsASocketByWhatItIs) {
  EXPECT_TRUE(Refused("/run/nscd/socket"));
  EXPECT_TRUE(Refused("/var/run/nscd/socket"));
  EXPECT_TRUE(Refused("/run/../run/nscd/./socket"));
  EXPECT_TRUE(Refused("/run/nscd/other")) << "a hard link is the same socket";
}

TEST_F(NameServicesTest, KnowsARelativePath) {
  char before[4096];
  ASSERT_NE(getcwd(before, sizeof before), nullptr);
  ASSERT_EQ(chdir("/run/nscd"), 0);
  EXPECT_TRUE(Refused("socket"));
  EXPECT_EQ(chdir(before), 0);
}

TEST_F(NameServicesTest, LetsOtherSocketsPass) {
  EXPECT_FALSE(Refused("/run/nscd"));
  EXPECT_FALSE(Refused("/run/docker.sock"));
  EXPECT_FALSE(Refused(std::string("\0run/nscd/socket", 16)));
  EXPECT_FALSE(Refused(""));
}

}  // namespace
}  // namespace supervisor
