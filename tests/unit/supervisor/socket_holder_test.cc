#include "supervisor/socket_holder.h"

#include "tcp_pair.h"

namespace supervisor {
namespace {

TEST(SocketHolderTest, TellsAHalfCloseFromAClose) {
  TcpPair pair;
  if (HolderOfPeer(pair.near.get()) == Holder::kUnknown) {
    GTEST_SKIP() << "this kernel doesn't tell";
  }
  EXPECT_EQ(HolderOfPeer(pair.near.get()), Holder::kSomebody);
  shutdown(pair.distant.get(), SHUT_WR);
  EXPECT_EQ(Hear(pair.near.get()), "end");
  EXPECT_EQ(HolderOfPeer(pair.near.get()), Holder::kSomebody);
  pair.distant.Reset();
  EXPECT_EQ(HolderOfPeer(pair.near.get()), Holder::kNobody);
}

TEST(SocketHolderTest, CountsEachDuplicate) {
  TcpPair pair;
  base::Fd duplicate(dup(pair.distant.get()));
  pair.distant.Reset();
  EXPECT_NE(HolderOfPeer(pair.near.get()), Holder::kNobody);
  duplicate.Reset();
  EXPECT_NE(HolderOfPeer(pair.near.get()), Holder::kSomebody);
}

TEST(SocketHolderTest, KnowsTheOwnUsersSockets) {
  TcpPair pair;
  EXPECT_FALSE(IsOfAnotherUser(pair.near.get()));
}

TEST(SocketHolderTest, TakesNobodysSocketForAnothers) {
  TcpPair pair;
  if (HolderOfPeer(pair.near.get()) == Holder::kUnknown) {
    GTEST_SKIP() << "this kernel doesn't tell";
  }
  pair.distant.Reset();
  EXPECT_TRUE(IsOfAnotherUser(pair.near.get()));
}

TEST(SocketHolderTest, TellsAnotherUsersSockets) {
  TcpPair pair;
  if (geteuid() != 0 || HolderOfPeer(pair.near.get()) == Holder::kUnknown) {
    GTEST_SKIP() << "needs root";
  }
  constexpr uid_t kSomebody = 65534;
  ASSERT_EQ(fchown(pair.distant.get(), kSomebody, static_cast<gid_t>(-1)), 0);
  EXPECT_TRUE(IsOfAnotherUser(pair.near.get()));
}

TEST(SocketHolderTest, FindsNobodyBehindAReset) {
  TcpPair pair;
  ResetAtClose(&pair.distant);
  EXPECT_EQ(Hear(pair.near.get()), "reset");
  EXPECT_EQ(HolderOfPeer(pair.near.get()), Holder::kNobody);
}

}  // namespace
}  // namespace supervisor
