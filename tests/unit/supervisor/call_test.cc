#include "supervisor/call.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "fake_notifier.h"

namespace supervisor {
namespace {

constexpr uint64_t kId = 7;

seccomp_notif Notification() {
  seccomp_notif out{};
  out.id = kId;
  return out;
}

TEST(CallTest, RefusesWhatNobodyAnswered) {
  FakeNotifier kernel;
  kernel.Begin(kId);
  { Call call(Notification(), kernel); }
  ASSERT_NE(kernel.AnswerTo(kId), nullptr);
  EXPECT_EQ(kernel.AnswerTo(kId)->error, -EACCES);
  EXPECT_EQ(kernel.AnswerTo(kId)->flags, 0u);
}

TEST(CallTest, LeavesAReleasedCallToItsNewOwner) {
  FakeNotifier kernel;
  kernel.Begin(kId);
  {
    Call call(Notification(), kernel);
    call.Release();
  }
  EXPECT_EQ(kernel.AnswerTo(kId), nullptr);
  EXPECT_TRUE(kernel.IsAlive(kId));
}

TEST(CallTest, FinishesAsASystemCallReturns) {
  FakeNotifier kernel;
  kernel.Begin(kId);
  {
    Call call(Notification(), kernel);
    call.Finish(-ECONNREFUSED);
  }
  EXPECT_EQ(kernel.AnswerTo(kId)->error, -ECONNREFUSED);
  kernel.Begin(kId);
  {
    Call call(Notification(), kernel);
    call.Finish(42);
  }
  EXPECT_EQ(kernel.AnswerTo(kId)->error, 0);
  EXPECT_EQ(kernel.AnswerTo(kId)->val, 42);
}

TEST(CallTest, GivesADescriptorAndAnswersInOneStep) {
  FakeNotifier kernel;
  kernel.Begin(kId);
  {
    Call call(Notification(), kernel);
    EXPECT_EQ(call.Give(9, -1, true, true), 5);
  }
  ASSERT_EQ(kernel.requests.size(), 1u);
  EXPECT_EQ(kernel.requests[0].flags, SECCOMP_ADDFD_FLAG_SEND);
  EXPECT_EQ(kernel.requests[0].srcfd, 9u);
  EXPECT_EQ(kernel.requests[0].newfd_flags, static_cast<uint32_t>(O_CLOEXEC));
  EXPECT_EQ(kernel.AnswerTo(kId), nullptr);
}

TEST(CallTest, GivesInTwoStepsWhereTheKernelKnowsNoOther) {
  FakeNotifier kernel;
  kernel.knows_send = false;
  kernel.Begin(kId);
  {
    Call call(Notification(), kernel);
    EXPECT_EQ(call.Give(9, -1, false, true), 5);
  }
  ASSERT_EQ(kernel.requests.size(), 2u);
  EXPECT_EQ(kernel.requests[1].flags, 0u);
  ASSERT_NE(kernel.AnswerTo(kId), nullptr);
  EXPECT_EQ(kernel.AnswerTo(kId)->val, 5);
}

TEST(CallTest, RefusesWhereTheProgramHasNoRoomForADescriptor) {
  FakeNotifier kernel;
  kernel.add_fd_result = -EMFILE;
  kernel.Begin(kId);
  {
    Call call(Notification(), kernel);
    EXPECT_EQ(call.Give(9, -1, false, true), -EMFILE);
    call.Fail(EMFILE);
  }
  EXPECT_EQ(kernel.AnswerTo(kId)->error, -EMFILE);
}

}  // namespace
}  // namespace supervisor
