#include "supervisor/caller.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace supervisor {
namespace {

uint64_t InodeOf(int fd) {
  struct stat status {};
  EXPECT_EQ(fstat(fd, &status), 0);
  return status.st_ino;
}

class CallerTest : public testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    reader_.Reset(ends[0]);
    writer_.Reset(ends[1]);
  }
  // What this thread's descriptor `fd` is, seen from outside; 0: it can't be taken.
  uint64_t Taken(int fd) {
    Caller caller(gettid(), pidfds_);
    const auto taken = caller.TakeDescriptor(fd);
    return taken.ok() ? InodeOf(taken.value().get()) : 0;
  }

  PidfdCache pidfds_;
  base::Fd reader_;
  base::Fd writer_;
};

TEST_F(CallerTest, OpensAPidfdOfAThreadOnce) {
  ASSERT_EQ(Taken(reader_.get()), InodeOf(reader_.get()));
  const PidfdCache::Shared kept = pidfds_.Find(gettid());
  if (kept == nullptr) {
    GTEST_SKIP() << "pidfds of threads: Linux 6.9";
  }
  EXPECT_EQ(Taken(writer_.get()), InodeOf(writer_.get()));
  EXPECT_EQ(pidfds_.Find(gettid()), kept);
}

TEST_F(CallerTest, OpensAnotherPidfdWhereTheThreadOfTheKeptOneHasEnded) {
  const pid_t child = fork();
  if (child == 0) {
    _exit(0);
  }
  const auto stale =
      std::make_shared<const base::Fd>(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
  ASSERT_GE(stale->get(), 0);
  waitpid(child, nullptr, 0);
  pidfds_.Keep(gettid(), stale);
  EXPECT_EQ(Taken(reader_.get()), InodeOf(reader_.get()));
  EXPECT_NE(pidfds_.Find(gettid()), stale);
}

TEST_F(CallerTest, SaysThatADescriptorIsNotOpen) {
  ASSERT_NE(Taken(reader_.get()), 0u);
  Caller caller(gettid(), pidfds_);
  const auto taken = caller.TakeDescriptor(1 << 20);
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().code, EBADF);
}

}  // namespace
}  // namespace supervisor
