#include "relay/ssh_master.h"

#include <glob.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "../temp_folder.h"
#include "base/clock.h"

namespace relay {
namespace {

using base::Cause;

constexpr int64_t kLongMs = 20000;

// The program that is started in ssh's place is a script of each test's own. Its arguments tell it
// where the socket is to be: behind -S.
class SshMasterTest : public testing::Test {
 protected:
  SshMasterTest() { setenv("XDG_RUNTIME_DIR", (folder / "").c_str(), 1); }
  ~SshMasterTest() override { unsetenv("XDG_RUNTIME_DIR"); }

  SshSettings Settings(const std::string& script, int64_t timeout_ms = kLongMs) {
    SshSettings out;
    out.target.host = "bastion";
    out.program = folder / "ssh.sh";
    out.hop = 2;
    out.timeout_ms = timeout_ms;
    std::ofstream(out.program) << "#!/bin/sh\n" << script;
    EXPECT_EQ(chmod(out.program.c_str(), 0755), 0);
    return out;
  }

  static bool IsSettled(const SshMaster& master, int timeout_ms = kLongMs) {
    pollfd watched = {master.settled_fd(), POLLIN, 0};
    return poll(&watched, 1, timeout_ms) == 1;
  }

  HopFailure FailureOf(const std::string& script, int64_t timeout_ms = kLongMs) {
    const auto master = SshMaster::Start(Settings(script, timeout_ms));
    EXPECT_TRUE(IsSettled(*master));
    HopFailure failed;
    EXPECT_TRUE(master->HasFailed(&failed));
    return failed;
  }

  bool HasControlFolder() {
    for (const auto& entry : std::filesystem::directory_iterator(folder / "")) {
      if (entry.path().filename().string().starts_with("gochain-ssh-")) {
        return true;
      }
    }
    return false;
  }

  TempFolder folder;
};

TEST_F(SshMasterTest, SaysWhySshEnded) {
  const HopFailure failed =
      FailureOf("echo 'a@bastion: Permission denied (publickey).' >&2; exit 255");
  EXPECT_EQ(failed.hop, 2);
  EXPECT_EQ(failed.failure.cause, Cause::kAuthentication);
  EXPECT_EQ(failed.failure.detail_text(), "Permission denied (publickey)");
  EXPECT_FALSE(HasControlFolder());
}

TEST_F(SshMasterTest, SaysThatSshIsNotInstalled) {
  SshSettings settings = Settings("");
  settings.program = "gochain-test-no-such-ssh";
  const auto master = SshMaster::Start(settings);
  ASSERT_TRUE(IsSettled(*master));
  HopFailure failed;
  ASSERT_TRUE(master->HasFailed(&failed));
  EXPECT_EQ(failed.failure.cause, Cause::kSsh);
  EXPECT_EQ(failed.failure.detail_text(), "gochain-test-no-such-ssh is not installed");
  EXPECT_FALSE(HasControlFolder());
}

TEST_F(SshMasterTest, WaitsNoLongerThanItMay) {
  const HopFailure failed = FailureOf("echo $$ > \"$0.pid\"; exec sleep 100", 200);
  EXPECT_EQ(failed.failure.cause, Cause::kTimedOut);
  EXPECT_FALSE(HasControlFolder());
  pid_t pid = -1;
  std::ifstream(folder / "ssh.sh.pid") >> pid;
  ASSERT_GT(pid, 0);
  EXPECT_EQ(kill(pid, 0), -1) << "still there";
}

TEST_F(SshMasterTest, DialsForSshThroughTheHopsBefore) {
  // The test stands in for the ProxyCommand: it finds the door beside the socket.
  SshSettings settings = Settings("sleep 1; echo 'proxy dialer did not pass it' >&2; exit 255");
  base::Endpoint asked;
  settings.dial_before = [&](const base::Endpoint& host, const Patience&, HopFailure* failed) {
    asked = host;
    *failed = {1, {.cause = Cause::kRefused}};
    return base::Fd();
  };
  const auto master = SshMaster::Start(settings);
  std::string door;
  for (int i = 0; i < 1000 && door.empty(); ++i) {
    usleep(5000);
    glob_t found;
    if (glob((folder / "gochain-ssh-*/d").c_str(), 0, nullptr, &found) == 0) {
      door = found.gl_pathv[0];
    }
    globfree(&found);
  }
  const pid_t command = fork();
  if (command == 0) {
    _exit(RunDoorCommand(door, "192.0.2.9", "2222"));
  }
  int status = -1;
  EXPECT_EQ(waitpid(command, &status, 0), command);
  EXPECT_EQ(WEXITSTATUS(status), 1);
  ASSERT_TRUE(IsSettled(*master));
  HopFailure failed;
  ASSERT_TRUE(master->HasFailed(&failed));
  EXPECT_EQ(asked, base::Endpoint(*base::IpAddress::Parse("192.0.2.9"), 2222));
  EXPECT_EQ(failed.hop, 1) << "the hop before, not ssh's own";
  EXPECT_EQ(failed.failure.cause, Cause::kRefused);
}

TEST_F(SshMasterTest, EndsAndLeavesNothingWhenItIsLetGo) {
  auto master = SshMaster::Start(Settings("echo $$ > \"$0.pid\"; exec sleep 100"));
  pid_t pid = -1;
  for (int i = 0; i < 1000 && pid <= 0; ++i) {
    usleep(5000);
    std::ifstream(folder / "ssh.sh.pid") >> pid;
  }
  ASSERT_GT(pid, 0);
  EXPECT_TRUE(HasControlFolder());
  EXPECT_FALSE(IsSettled(*master, 0));
  master.reset();
  EXPECT_FALSE(HasControlFolder());
  EXPECT_EQ(kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

}  // namespace
}  // namespace relay
