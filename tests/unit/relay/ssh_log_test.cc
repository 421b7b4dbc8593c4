#include "relay/ssh_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace relay {
namespace {

using base::Cause;
using base::Fd;
using Claim = SshLog::Claim;

const std::string kRefused = "channel 2: open failed: connect failed: Connection refused\r\n";
const std::string kUnreachable = "channel 3: open failed: connect failed: No route to host\r\n";

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

TEST_F(SshLogTest, GivesEachReasonOnce) {
  EXPECT_EQ(log.ClaimChannelFailure(1, &failure), Claim::kNone);
  Say(kRefused);
  EXPECT_EQ(log.ClaimChannelFailure(1, &failure), Claim::kFound);
  EXPECT_EQ(failure.cause, Cause::kRefused);
  EXPECT_EQ(log.ClaimChannelFailure(1, &failure), Claim::kNone);
}

TEST_F(SshLogTest, GivesEqualReasonsToAnybody) {
  Say(kRefused + kRefused);
  EXPECT_EQ(log.ClaimChannelFailure(1, &failure), Claim::kFound);
  EXPECT_EQ(log.ClaimChannelFailure(1, &failure), Claim::kFound);
}

TEST_F(SshLogTest, TrustsNoReasonThatMayBeAnothersUntilBothAreSpent) {
  Say(kRefused + kUnreachable);
  EXPECT_EQ(log.ClaimChannelFailure(1, &failure), Claim::kUnclear);
  EXPECT_EQ(log.ClaimChannelFailure(1, &failure), Claim::kUnclear);
  Say(kUnreachable);
  EXPECT_EQ(log.ClaimChannelFailure(1, &failure), Claim::kFound);
  EXPECT_EQ(failure.cause, Cause::kHostUnreachable);
}

TEST_F(SshLogTest, ForgetsReasonsThatNobodyAskedFor) {
  Say(kRefused);
  EXPECT_TRUE(log.Read(1000));
  Say(kUnreachable);
  EXPECT_EQ(log.ClaimChannelFailure(10000, &failure), Claim::kFound);
  EXPECT_EQ(failure.cause, Cause::kHostUnreachable);
}

TEST_F(SshLogTest, ReadsLinesThatComeInPieces) {
  for (size_t split = 1; split < kRefused.size(); ++split) {
    Say(kRefused.substr(0, split));
    EXPECT_EQ(log.ClaimChannelFailure(1, &failure), Claim::kNone) << split;
    Say(kRefused.substr(split));
    EXPECT_EQ(log.ClaimChannelFailure(1, &failure), Claim::kFound) << split;
  }
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
  EXPECT_EQ(log.ClaimChannelFailure(1, &failure), Claim::kFound);
}

}  // namespace
}  // namespace relay
