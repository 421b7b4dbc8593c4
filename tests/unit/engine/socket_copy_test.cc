#include "engine/socket_copy.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/fd.h"

namespace engine {
namespace {

struct Setting {
  int level;
  int name;
  int value;
};

class SocketCopyTest : public testing::TestWithParam<std::pair<int, int>> {
 protected:
  SocketCopyTest()
      : from_(::socket(GetParam().first, SOCK_STREAM, 0)),
        to_(::socket(GetParam().second, SOCK_STREAM, 0)) {}

  void SetUp() override {
    if (!from_.valid() || !to_.valid()) {
      GTEST_SKIP() << "no IPv6 here";
    }
  }

  static int Get(const base::Fd& fd, int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    EXPECT_EQ(0, ::getsockopt(fd.get(), level, name, &value, &size)) << level << " " << name;
    return value;
  }

  void Set(int level, int name, int value) {
    ASSERT_EQ(0, ::setsockopt(from_.get(), level, name, &value, sizeof value))
        << level << " " << name;
  }

  base::Fd from_;
  base::Fd to_;
};

TEST_P(SocketCopyTest, CopiesWhatTheProgramSet) {
  const Setting settings[] = {
      {SOL_SOCKET, SO_KEEPALIVE, 1},          {SOL_SOCKET, SO_REUSEADDR, 1},
      {SOL_SOCKET, SO_REUSEPORT, 1},          {SOL_SOCKET, SO_PRIORITY, 4},
      {SOL_SOCKET, SO_OOBINLINE, 1},          {SOL_SOCKET, SO_RCVLOWAT, 3},
      {IPPROTO_TCP, TCP_NODELAY, 1},          {IPPROTO_TCP, TCP_KEEPIDLE, 71},
      {IPPROTO_TCP, TCP_KEEPINTVL, 12},       {IPPROTO_TCP, TCP_KEEPCNT, 4},
      {IPPROTO_TCP, TCP_USER_TIMEOUT, 12345}, {IPPROTO_TCP, TCP_SYNCNT, 2},
  };
  for (const Setting& setting : settings) {
    Set(setting.level, setting.name, setting.value);
  }
  CopySocketOptions(from_.get(), to_.get());
  for (const Setting& setting : settings) {
    EXPECT_EQ(setting.value, Get(to_, setting.level, setting.name))
        << setting.level << " " << setting.name;
  }
}

TEST_P(SocketCopyTest, CopiesTimeoutsAndLinger) {
  const timeval timeout{7, 250000};
  const linger lingering{1, 9};
  ::setsockopt(from_.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  ::setsockopt(from_.get(), SOL_SOCKET, SO_LINGER, &lingering, sizeof lingering);
  CopySocketOptions(from_.get(), to_.get());
  timeval got_timeout{};
  socklen_t size = sizeof got_timeout;
  ::getsockopt(to_.get(), SOL_SOCKET, SO_RCVTIMEO, &got_timeout, &size);
  EXPECT_EQ(7, got_timeout.tv_sec);
  linger got_linger{};
  size = sizeof got_linger;
  ::getsockopt(to_.get(), SOL_SOCKET, SO_LINGER, &got_linger, &size);
  EXPECT_EQ(1, got_linger.l_onoff);
  EXPECT_EQ(9, got_linger.l_linger);
}

TEST_P(SocketCopyTest, CopiesBufferSizesThatWereSetAndOnlyThose) {
  const int untouched = Get(to_, SOL_SOCKET, SO_SNDBUF);
  Set(SOL_SOCKET, SO_RCVBUF, 50000);
  CopySocketOptions(from_.get(), to_.get());
  EXPECT_EQ(100000, Get(to_, SOL_SOCKET, SO_RCVBUF));
  EXPECT_EQ(untouched, Get(to_, SOL_SOCKET, SO_SNDBUF));
}

TEST_P(SocketCopyTest, CopiesTrafficClassAndHopLimitAcrossFamilies) {
  const bool from_v6 = GetParam().first == AF_INET6;
  const bool to_v6 = GetParam().second == AF_INET6;
  Set(from_v6 ? IPPROTO_IPV6 : IPPROTO_IP, from_v6 ? IPV6_TCLASS : IP_TOS, 0x10);
  Set(from_v6 ? IPPROTO_IPV6 : IPPROTO_IP, from_v6 ? IPV6_UNICAST_HOPS : IP_TTL, 33);
  CopySocketOptions(from_.get(), to_.get());
  EXPECT_EQ(0x10, Get(to_, to_v6 ? IPPROTO_IPV6 : IPPROTO_IP, to_v6 ? IPV6_TCLASS : IP_TOS));
  EXPECT_EQ(33, Get(to_, to_v6 ? IPPROTO_IPV6 : IPPROTO_IP, to_v6 ? IPV6_UNICAST_HOPS : IP_TTL));
}

TEST_P(SocketCopyTest, CopiesStatusFlagsAndOwner) {
  ::fcntl(from_.get(), F_SETFL, O_NONBLOCK | O_ASYNC);
  ::fcntl(from_.get(), F_SETOWN, ::getpid());
  ::fcntl(from_.get(), F_SETSIG, SIGURG);
  CopySocketOptions(from_.get(), to_.get());
  EXPECT_EQ(O_NONBLOCK | O_ASYNC, ::fcntl(to_.get(), F_GETFL) & (O_NONBLOCK | O_ASYNC));
  EXPECT_EQ(::getpid(), ::fcntl(to_.get(), F_GETOWN));
  EXPECT_EQ(SIGURG, ::fcntl(to_.get(), F_GETSIG));
  EXPECT_EQ(0, ::fcntl(from_.get(), F_SETFL, 0));
  EXPECT_EQ(0, ::fcntl(to_.get(), F_SETFL, 0));
}

TEST_P(SocketCopyTest, MarksOnlyTheStandInOfAnIpv4Socket) {
  EXPECT_FALSE(StandsForIpv4(from_.get()));
  EXPECT_FALSE(StandsForIpv4(to_.get()));
  CopySocketOptions(from_.get(), to_.get());
  EXPECT_EQ(GetParam().first == AF_INET && GetParam().second == AF_INET6, StandsForIpv4(to_.get()));
  EXPECT_FALSE(StandsForIpv4(from_.get()));
}

INSTANTIATE_TEST_SUITE_P(Families, SocketCopyTest,
                         testing::Values(std::pair(AF_INET, AF_INET), std::pair(AF_INET, AF_INET6),
                                         std::pair(AF_INET6, AF_INET),
                                         std::pair(AF_INET6, AF_INET6)));

}  // namespace
}  // namespace engine
