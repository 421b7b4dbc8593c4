#include "relay/ssh_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace relay {
namespace {

using base::Cause;
using base::Fd;

const std::string kRefused = "channel 2: open failed: connect failed: Connection refused\r\n";
const std::string kUnreachable = "channel 3: open failed: connect failed: No route to host\r\n";

std::string Opening(const std::string& channel, const std::string& target) {
  return "debug1: channel_connect_stdio_fwd: " + target + "\r\ndebug1: channel " + channel +
         ": new stdio-forward [stdio-forward] (inactive timeout: 0)\r\n";
}

class SshLogTest : public testing::Test {
 protected:
  SshLogTest() {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    log.Open(Fd(ends[0]));
    master.Reset(ends[1]);
  }

  void Say(const std::string& text) {
    EXPECT_EQ(write(master.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }

  SshLog log{"bastion"};
  Fd master;
  base::Failure failure;
};

TEST_F(SshLogTest, GivesEachReasonOnceToItsTarget) {
  Say(Opening("2", "a:1") + Opening("3", "b:1") + kRefused + kUnreachable);
  EXPECT_FALSE(log.ClaimChannelFailure("c:1", 1, &failure));
  ASSERT_TRUE(log.ClaimChannelFailure("b:1", 1, &failure));
  EXPECT_EQ(failure.cause, Cause::kHostUnreachable);
  ASSERT_TRUE(log.ClaimChannelFailure("a:1", 1, &failure));
  EXPECT_EQ(failure.cause, Cause::kRefused);
  EXPECT_FALSE(log.ClaimChannelFailure("a:1", 1, &failure));
}

TEST_F(SshLogTest, KnowsTheTargetOfANumberThatIsUsedAgain) {
  Say(Opening("2", "a:1") + "debug1: channel 2: free: direct-tcpip, nchannels 3\r\n" +
      "debug1: channel 2: new mux-control [mux-control] (inactive timeout: 0)\r\n" +
      "debug1: channel 2: free: mux-control, nchannels 2\r\n" +
      // As OpenSSH before 9.2 has it.
      "debug1: channel_connect_stdio_fwd 2001:db8::1:443\r\n"
      "debug1: channel 2: new [stdio-forward]\r\n" +
      kRefused);
  EXPECT_FALSE(log.ClaimChannelFailure("a:1", 1, &failure));
  EXPECT_TRUE(log.ClaimChannelFailure("2001:db8::1:443", 1, &failure));
}

TEST_F(SshLogTest, GivesReasonsOfUnknownTargetsToAnybody) {
  Say(kRefused + kUnreachable);
  ASSERT_TRUE(log.ClaimChannelFailure("a:1", 1, &failure));
  EXPECT_EQ(failure.cause, Cause::kRefused);
  ASSERT_TRUE(log.ClaimChannelFailure("b:1", 1, &failure));
  EXPECT_EQ(failure.cause, Cause::kHostUnreachable);
}

TEST_F(SshLogTest, ForgetsReasonsThatNobodyAskedFor) {
  Say(kRefused);
  EXPECT_TRUE(log.Read(1000));
  Say(kUnreachable);
  ASSERT_TRUE(log.ClaimChannelFailure("a:1", 10000, &failure));
  EXPECT_EQ(failure.cause, Cause::kHostUnreachable);
}

TEST_F(SshLogTest, ReadsLinesThatComeInPieces) {
  for (size_t split = 1; split < kRefused.size(); ++split) {
    Say(kRefused.substr(0, split));
    EXPECT_FALSE(log.ClaimChannelFailure("a:1", 1, &failure)) << split;
    Say(kRefused.substr(split));
    EXPECT_TRUE(log.ClaimChannelFailure("a:1", 1, &failure)) << split;
  }
}

TEST_F(SshLogTest, ConcludesFromNoDebugLine) {
  Say("ssh: connect to host b.example port 22: Connection refused\r\n"
      "debug1: Permission denied (publickey)\r\n");
  EXPECT_TRUE(log.Read(1));
  EXPECT_EQ(log.Conclude().cause, Cause::kRefused);
}

TEST_F(SshLogTest, TellsOfTheEndAndConcludesFromItsLastLine) {
  Say("alice@bastion: Permission denied (publickey).");
  EXPECT_TRUE(log.Read(1));
  master.Reset();
  EXPECT_FALSE(log.Read(1));
  EXPECT_EQ(log.Conclude().cause, Cause::kAuthentication);
}

TEST_F(SshLogTest, OutlivesALineWithoutEnd) {
  for (int i = 0; i < 20; ++i) {
    Say(std::string(4000, 'x'));
    EXPECT_TRUE(log.Read(1));
  }
  Say("\n" + kRefused);
  EXPECT_TRUE(log.ClaimChannelFailure("a:1", 1, &failure));
}

}  // namespace
}  // namespace relay
