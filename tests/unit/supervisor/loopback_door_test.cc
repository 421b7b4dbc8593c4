#include "supervisor/loopback_door.h"

#include <fcntl.h>

#include "tcp_pair.h"

namespace supervisor {
namespace {

base::Fd NonBlocking(int domain) {
  return base::Fd(socket(domain, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

base::Fd ConnectedTo(const base::Endpoint& at) {
  base::Fd out = NonBlocking(AF_INET);
  sockaddr_storage storage;
  const socklen_t size = base::ToSockaddr(at.address(), at.port(), AF_INET, &storage);
  EXPECT_TRUE(connect(out.get(), reinterpret_cast<const sockaddr*>(&storage), size) == 0 ||
              errno == EINPROGRESS);
  return out;
}

class LoopbackDoorTest : public ::testing::Test {
 protected:
  LoopbackDoorTest() { EXPECT_TRUE(door_.Open()); }

  void JoinsOf(int domain) {
    const base::Fd program = NonBlocking(domain);
    const auto joined = door_.Join(program.get(), domain, 0);
    EXPECT_EQ(joined.result, -EINPROGRESS);
    ASSERT_TRUE(joined.end.valid());
    EXPECT_TRUE(door_.IsAt(joined.door));
    EXPECT_NE(fcntl(joined.end.get(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(fcntl(joined.end.get(), F_GETFD) & FD_CLOEXEC, 0);
    Say(program.get(), "ping");
    EXPECT_EQ(Hear(joined.end.get()), "ping");
  }

  LoopbackDoor door_;
};

TEST_F(LoopbackDoorTest, JoinsASocketOfIpv4) { JoinsOf(AF_INET); }

TEST_F(LoopbackDoorTest, JoinsASocketOfIpv6) {
  if (!NonBlocking(AF_INET6)) {
    GTEST_SKIP() << "no IPv6 here";
  }
  JoinsOf(AF_INET6);
}

TEST_F(LoopbackDoorTest, JoinsASocketOfIpv6ThatIsBoundToAMappedAddress) {
  const base::Fd program = NonBlocking(AF_INET6);
  sockaddr_storage own;
  const socklen_t size = base::ToSockaddr(base::IpAddress::V4(INADDR_LOOPBACK), 0, AF_INET6, &own);
  if (!program || bind(program.get(), reinterpret_cast<const sockaddr*>(&own), size) != 0) {
    GTEST_SKIP() << "no IPv6 here";
  }
  EXPECT_TRUE(door_.Join(program.get(), AF_INET6, 0).end.valid());
}

TEST_F(LoopbackDoorTest, TellsEachConnectionFromTheOthers) {
  const base::Fd first = NonBlocking(AF_INET);
  const base::Fd second = NonBlocking(AF_INET);
  const auto of_first = door_.Join(first.get(), AF_INET, 0);
  const auto of_second = door_.Join(second.get(), AF_INET, 0);
  Say(second.get(), "second");
  Say(first.get(), "first");
  EXPECT_EQ(Hear(of_first.end.get()), "first");
  EXPECT_EQ(Hear(of_second.end.get()), "second");
}

TEST_F(LoopbackDoorTest, NeverTakesAStrangerForAProgram) {
  const base::Fd known = NonBlocking(AF_INET);
  const auto before = door_.Join(known.get(), AF_INET, 0);
  // He waits in the queue before the program's connection.
  const base::Fd stranger = ConnectedTo(before.door);
  Say(stranger.get(), "let me in");
  const base::Fd program = NonBlocking(AF_INET);
  const auto joined = door_.Join(program.get(), AF_INET, 0);
  ASSERT_TRUE(joined.end.valid());
  Say(program.get(), "program");
  EXPECT_EQ(Hear(joined.end.get()), "program");
  EXPECT_EQ(Hear(stranger.get()), "reset");
}

TEST_F(LoopbackDoorTest, TurnsStrangersAway) {
  const base::Fd known = NonBlocking(AF_INET);
  const auto joined = door_.Join(known.get(), AF_INET, 0);
  const base::Fd stranger = ConnectedTo(joined.door);
  EXPECT_EQ(Hear(stranger.get(), 50), "nothing");
  door_.Readable();
  EXPECT_EQ(Hear(stranger.get()), "reset");
  EXPECT_EQ(Hear(known.get(), 50), "nothing");
}

TEST_F(LoopbackDoorTest, SaysWhatTheKernelSaysOfAConnectedSocket) {
  const TcpPair pair;
  const auto joined = door_.Join(pair.distant.get(), AF_INET, 0);
  EXPECT_EQ(joined.result, -EISCONN);
  EXPECT_FALSE(joined.end.valid());
  EXPECT_FALSE(LoopbackDoor::IsOutOfReach(joined.result));
}

}  // namespace
}  // namespace supervisor
