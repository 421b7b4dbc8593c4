#include "supervisor/pipe_pool.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <utility>
#include <vector>

namespace supervisor {
namespace {

TEST(PipePoolTest, LendsTheSamePipeAgain) {
  PipePool pool;
  Pipe pipe = pool.Borrow();
  ASSERT_TRUE(pipe.valid());
  const int number = pipe.read.get();
  pool.Return(std::move(pipe));
  EXPECT_EQ(pool.lent(), 0u);
  EXPECT_EQ(pool.idle(), 1u);
  EXPECT_EQ(pool.Borrow().read.get(), number);
}

TEST(PipePoolTest, LendsNoMoreThanItMay) {
  PipePool pool(2);
  Pipe first = pool.Borrow();
  const Pipe second = pool.Borrow();
  EXPECT_FALSE(pool.Borrow().valid());
  pool.Return(std::move(first));
  EXPECT_TRUE(pool.Borrow().valid());
}

TEST(PipePoolTest, KeepsFewIdleOnes) {
  PipePool pool;
  std::vector<Pipe> pipes;
  for (size_t i = 0; i < PipePool::kMaxIdle + 5; ++i) {
    pipes.push_back(pool.Borrow());
  }
  for (Pipe& pipe : pipes) {
    pool.Return(std::move(pipe));
  }
  EXPECT_EQ(pool.idle(), PipePool::kMaxIdle);
}

TEST(PipePoolTest, NeverLendsOneThatWasDiscarded) {
  PipePool pool;
  Pipe pipe = pool.Borrow();
  ASSERT_EQ(write(pipe.write.get(), "x", 1), 1);
  pool.Discard(std::move(pipe));
  EXPECT_EQ(pool.lent(), 0u);
  const Pipe next = pool.Borrow();
  char byte;
  EXPECT_EQ(read(next.read.get(), &byte, 1), -1);
}

}  // namespace
}  // namespace supervisor
