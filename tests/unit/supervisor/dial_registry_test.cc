#include "supervisor/dial_registry.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

#include "base/clock.h"
#include "base/fd.h"
#include "fake_notifier.h"

namespace supervisor {
namespace {

using Entered = DialRegistry::Entered;

const base::Endpoint kTarget(base::IpAddress::V4(0xc0000201), 443);
const base::Endpoint kOther(base::IpAddress::V4(0xc0000202), 443);
constexpr uint64_t kInode = 4711;

class DialRegistryTest : public ::testing::Test {
 protected:
  DialRegistry::Entry Enter(uint64_t id, const base::Endpoint& target = kTarget) {
    kernel_.Begin(id);
    return registry_.Enter(kInode, target, id);
  }

  FakeNotifier kernel_;
  DialRegistry registry_{kernel_};
};

TEST_F(DialRegistryTest, StartsADialAndAnswersItsNotification) {
  const auto entry = Enter(1);
  ASSERT_EQ(entry.entered, Entered::kStarted);
  EXPECT_TRUE(registry_.Answer(entry.ticket, -ECONNREFUSED));
  EXPECT_EQ(kernel_.AnswerTo(1)->error, -ECONNREFUSED);
  EXPECT_TRUE(registry_.empty());
}

TEST_F(DialRegistryTest, AnswersTheRestartedCallOfAnInterruptedOne) {
  const auto entry = Enter(1);
  kernel_.Interrupt(1);
  EXPECT_TRUE(registry_.IsWanted(entry.ticket, 1000));
  EXPECT_EQ(Enter(2).entered, Entered::kAttached);
  EXPECT_EQ(registry_.CurrentId(entry.ticket), 2u);
  EXPECT_TRUE(registry_.Answer(entry.ticket, 0));
  EXPECT_NE(kernel_.AnswerTo(2), nullptr);
}

TEST_F(DialRegistryTest, SaysAlreadyWhileAnotherThreadsConnectIsAtWork) {
  const auto entry = Enter(1);
  const auto second = Enter(2);
  EXPECT_EQ(second.entered, Entered::kBusy);
  EXPECT_EQ(second.result, -EALREADY);
  EXPECT_EQ(registry_.CurrentId(entry.ticket), 1u);
}

TEST_F(DialRegistryTest, SaysAlreadyToAnotherTargetOfTheSameSocket) {
  const auto entry = Enter(1);
  const auto second = Enter(2, kOther);
  EXPECT_EQ(second.entered, Entered::kBusy);
  EXPECT_EQ(registry_.CurrentId(entry.ticket), 1u);
}

TEST_F(DialRegistryTest, GivesAnInterruptedDialUpForAnotherTarget) {
  const auto entry = Enter(1);
  kernel_.Interrupt(1);
  const auto second = Enter(2, kOther);
  ASSERT_EQ(second.entered, Entered::kEnding);
  EXPECT_FALSE(registry_.IsWanted(entry.ticket, 1000));
  std::thread dialler([&] {
    EXPECT_FALSE(registry_.Answer(entry.ticket, -ECANCELED));
    registry_.Drop(entry.ticket);
  });
  EXPECT_TRUE(registry_.AwaitEnd(second.ticket));
  dialler.join();
  EXPECT_EQ(Enter(2, kOther).entered, Entered::kStarted);
}

TEST_F(DialRegistryTest, DoesNotWaitForEverForADialToEnd) {
  Enter(1);
  kernel_.Interrupt(1);
  const auto second = Enter(2, kOther);
  EXPECT_FALSE(registry_.AwaitEnd(second.ticket));
}

TEST_F(DialRegistryTest, KeepsTheResultOfADialThatWasGivenUpToItself) {
  const auto entry = Enter(1);
  kernel_.Interrupt(1);
  registry_.GiveUp(kInode);
  ASSERT_FALSE(registry_.Answer(entry.ticket, -ECANCELED));
  EXPECT_EQ(Enter(2).entered, Entered::kEnding);
}

TEST_F(DialRegistryTest, GivesUpADialThatNobodyComesBackFor) {
  const auto entry = Enter(1);
  kernel_.Interrupt(1);
  EXPECT_TRUE(registry_.IsWanted(entry.ticket, 1000));
  EXPECT_TRUE(registry_.IsWanted(entry.ticket, 1000 + DialRegistry::kReattachMs - 1));
  EXPECT_FALSE(registry_.IsWanted(entry.ticket, 1000 + DialRegistry::kReattachMs));
  EXPECT_EQ(Enter(2).entered, Entered::kEnding);
}

TEST_F(DialRegistryTest, StartsTheCountAnewAfterARestart) {
  const auto entry = Enter(1);
  kernel_.Interrupt(1);
  EXPECT_TRUE(registry_.IsWanted(entry.ticket, 1000));
  EXPECT_EQ(Enter(2).entered, Entered::kAttached);
  EXPECT_TRUE(registry_.IsWanted(entry.ticket, 1000 + DialRegistry::kReattachMs));
  kernel_.Interrupt(2);
  EXPECT_TRUE(registry_.IsWanted(entry.ticket, 5000));
}

TEST_F(DialRegistryTest, KeepsAResultForTheRestartedCall) {
  const auto entry = Enter(1);
  kernel_.Interrupt(1);
  ASSERT_FALSE(registry_.Answer(entry.ticket, -ETIMEDOUT));
  DialRegistry::Entry restarted;
  std::thread program([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    restarted = Enter(2);
  });
  EXPECT_TRUE(registry_.AwaitFetch(entry.ticket, -1));
  program.join();
  EXPECT_EQ(restarted.entered, Entered::kFinished);
  EXPECT_EQ(restarted.result, -ETIMEDOUT);
  EXPECT_TRUE(registry_.empty());
}

TEST_F(DialRegistryTest, SaysConnectedToAnotherTargetAfterAKeptSuccess) {
  const auto entry = Enter(1);
  kernel_.Interrupt(1);
  ASSERT_FALSE(registry_.Answer(entry.ticket, 0));
  EXPECT_EQ(Enter(2, kOther).result, -EISCONN);
}

TEST_F(DialRegistryTest, StartsAnewForAnotherTargetAfterAKeptFailure) {
  const auto entry = Enter(1);
  kernel_.Interrupt(1);
  ASSERT_FALSE(registry_.Answer(entry.ticket, -ECONNREFUSED));
  const auto second = Enter(2, kOther);
  ASSERT_EQ(second.entered, Entered::kStarted);
  // The first one's end must not take the second one's place away.
  EXPECT_TRUE(registry_.AwaitFetch(entry.ticket, -1));
  EXPECT_FALSE(registry_.empty());
  EXPECT_TRUE(registry_.Answer(second.ticket, 0));
}

TEST_F(DialRegistryTest, ForgetsAResultThatNobodyFetched) {
  const auto entry = Enter(1);
  kernel_.Interrupt(1);
  ASSERT_FALSE(registry_.Answer(entry.ticket, 0));
  EXPECT_FALSE(registry_.AwaitFetch(entry.ticket, -1));
  // Until what was dialled is undone.
  EXPECT_EQ(Enter(2).entered, Entered::kEnding);
  registry_.Drop(entry.ticket);
  EXPECT_TRUE(registry_.empty());
}

TEST_F(DialRegistryTest, StopsWaitingWhenTheProcessIsGone) {
  const auto entry = Enter(1);
  kernel_.Interrupt(1);
  ASSERT_FALSE(registry_.Answer(entry.ticket, 0));
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const base::Fd gone(ends[0]);
  base::Fd(ends[1]).Reset();
  const int64_t start_ms = base::NowMs();
  EXPECT_FALSE(registry_.AwaitFetch(entry.ticket, gone.get()));
  EXPECT_LT(base::NowMs() - start_ms, DialRegistry::kKeepResultMs / 2);
}

TEST_F(DialRegistryTest, EndsADialThatTheProgramUndoes) {
  const auto entry = Enter(1);
  registry_.GiveUp(kInode);
  EXPECT_FALSE(registry_.IsWanted(entry.ticket, 1000));
}

TEST_F(DialRegistryTest, FindsADialThatMovedToAnotherSocket) {
  const auto entry = Enter(1);
  registry_.Move(entry.ticket, kInode + 1);
  kernel_.Interrupt(1);
  kernel_.Begin(2);
  EXPECT_EQ(registry_.Enter(kInode + 1, kTarget, 2).entered, Entered::kAttached);
  EXPECT_TRUE(registry_.Answer(entry.ticket, 0));
  EXPECT_TRUE(registry_.empty());
}

}  // namespace
}  // namespace supervisor
