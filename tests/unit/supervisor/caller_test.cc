#include "supervisor/caller.h"

#include <gtest/gtest.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

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

// From here on, in this thread.
void RefuseVmCalls() {
  const scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  for (const int call : {SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev)}) {
    ASSERT_EQ(seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 0), 0);
  }
  ASSERT_EQ(seccomp_load(filter), 0);
  seccomp_release(filter);
}

// Memory of a program: two pages, of which the second may only be read.
class CallerMemoryTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    void* const mapped =
        mmap(nullptr, 2 * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(mapped, MAP_FAILED);
    memory_ = {static_cast<uint8_t*>(mapped), 2 * page_};
    std::fill(memory_.begin(), memory_.end(), 'a');
    ASSERT_EQ(mprotect(&memory_[page_], page_, PROT_READ), 0);
  }
  void TearDown() override { munmap(memory_.data(), memory_.size()); }

  // What Caller::Write says to `size` bytes from `at` on; by the calls or without.
  int Write(size_t at, size_t size) {
    int result = 1;
    std::thread([&] {
      if (GetParam()) {
        RefuseVmCalls();
      }
      PidfdCache pidfds;
      const std::vector<uint8_t> data(size, 'b');
      const Caller caller(gettid(), pidfds);
      result = caller.Write(reinterpret_cast<uint64_t>(&memory_[at]), data);
      uint8_t read = 0;
      EXPECT_EQ(caller.ReadObject(reinterpret_cast<uint64_t>(&memory_[at]), &read), 0);
      EXPECT_EQ(read, memory_[at]);
    }).join();
    return result;
  }

  const size_t page_ = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  std::span<uint8_t> memory_;
};

TEST_P(CallerMemoryTest, WritesWhatMayBeWritten) {
  EXPECT_EQ(Write(page_ - 4, 4), 0);
  EXPECT_EQ(memory_[page_ - 5], 'a');
  EXPECT_EQ(memory_[page_ - 4], 'b');
  EXPECT_EQ(memory_[page_ - 1], 'b');
}

TEST_P(CallerMemoryTest, WritesNothingToReadOnlyPages) {
  EXPECT_EQ(Write(page_ - 4, 8), -EFAULT);
  EXPECT_EQ(Write(page_, 1), -EFAULT);
  EXPECT_EQ(memory_[page_], 'a');
}

INSTANTIATE_TEST_SUITE_P(ByCallsOrByTheFile, CallerMemoryTest, testing::Bool());

TEST_F(CallerTest, SaysThatADescriptorIsNotOpen) {
  ASSERT_NE(Taken(reader_.get()), 0u);
  Caller caller(gettid(), pidfds_);
  const auto taken = caller.TakeDescriptor(1 << 20);
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().code, EBADF);
}

}  // namespace
}  // namespace supervisor
