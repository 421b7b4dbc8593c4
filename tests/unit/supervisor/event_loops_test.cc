#include "supervisor/event_loops.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
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

TEST(EventLoopsTest, FindsADescriptorInTheSetsThatHaveIt) {
  EventLoops programs;
  const base::Fd first(epoll_create1(EPOLL_CLOEXEC));
  const base::Fd second(epoll_create1(EPOLL_CLOEXEC));
  const base::Fd watched(eventfd(0, EFD_CLOEXEC));
  const base::Fd other(eventfd(0, EFD_CLOEXEC));
  EXPECT_FALSE(programs.IsWatched(getpid(), watched.get()));
  epoll_event event{};
  ASSERT_EQ(epoll_ctl(second.get(), EPOLL_CTL_ADD, watched.get(), &event), 0);
  EXPECT_TRUE(programs.IsWatched(getpid(), watched.get()));
  EXPECT_FALSE(programs.IsWatched(getpid(), other.get()));
}

TEST(EventLoopsTest, IsNotGo) {
  EventLoops programs;
  EXPECT_FALSE(programs.IsGo(getpid()));
  EXPECT_FALSE(programs.IsGo(getpid()));
}

}  // namespace
}  // namespace supervisor
