#include "supervisor/event_loops.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/fd.h"

namespace supervisor {
namespace {

TEST(EventLoopsTest, FindsAnEpollSet) {
  EventLoops programs;
  EXPECT_FALSE(programs.HasEpollSet(getpid()));
  base::Fd set(epoll_create1(EPOLL_CLOEXEC));
  EXPECT_TRUE(programs.HasEpollSet(getpid()));
  EXPECT_TRUE(programs.HasEpollSet(getpid()));
}

TEST(EventLoopsTest, ForgetsASetThatIsClosed) {
  EventLoops programs;
  base::Fd set(epoll_create1(EPOLL_CLOEXEC));
  EXPECT_TRUE(programs.HasEpollSet(getpid()));
  const int number = set.get();
  set.Reset();
  EXPECT_FALSE(programs.HasEpollSet(getpid()));
  // Another one behind another descriptor in its place.
  const base::Fd other(dup(0));
  EXPECT_EQ(other.get(), number);
  EXPECT_FALSE(programs.HasEpollSet(getpid()));
  set.Reset(epoll_create1(EPOLL_CLOEXEC));
  EXPECT_TRUE(programs.HasEpollSet(getpid()));
}

TEST(EventLoopsTest, IsNotGo) {
  EventLoops programs;
  EXPECT_FALSE(programs.IsGo(getpid()));
  EXPECT_FALSE(programs.IsGo(getpid()));
}

}  // namespace
}  // namespace supervisor
