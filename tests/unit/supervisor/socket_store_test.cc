#include "supervisor/socket_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace supervisor {
namespace {

std::unordered_set<uint64_t> in_use;
std::unordered_set<uint64_t> InUse() { return in_use; }

base::Fd Descriptor() { return base::Fd(open("/dev/null", O_RDONLY | O_CLOEXEC)); }

bool IsOpen(int fd) { return fcntl(fd, F_GETFD) >= 0; }

class SocketStoreTest : public ::testing::Test {
 protected:
  void SetUp() override { in_use.clear(); }

  int Keep(uint64_t inode) {
    base::Fd fd = Descriptor();
    const int number = fd.get();
    EXPECT_TRUE(store_.Keep(inode, std::move(fd)));
    return number;
  }

  SocketStore store_{64, InUse};
};

TEST_F(SocketStoreTest, ClosesADroppedDuplicate) {
  const int fd = Keep(1);
  EXPECT_EQ(store_.Find(1)->get(), fd);
  store_.Drop(1);
  EXPECT_EQ(store_.Find(1), nullptr);
  EXPECT_FALSE(IsOpen(fd));
}

TEST_F(SocketStoreTest, KeepsADuplicateOpenForWhoUsesIt) {
  const int fd = Keep(1);
  auto hold = store_.Find(1);
  store_.Drop(1);
  EXPECT_TRUE(IsOpen(fd));
  hold.reset();
  EXPECT_FALSE(IsOpen(fd));
}

TEST_F(SocketStoreTest, CollectsWhatNoProcessHas) {
  Keep(1);
  Keep(2);
  store_.HandedOver(1);
  store_.HandedOver(2);
  in_use = {2};
  store_.Collect();
  EXPECT_EQ(store_.Find(1), nullptr);
  EXPECT_NE(store_.Find(2), nullptr);
}

TEST_F(SocketStoreTest, LeavesASocketThatIsOnItsWayToTheProgram) {
  Keep(1);
  store_.Collect();
  EXPECT_NE(store_.Find(1), nullptr);
}

TEST_F(SocketStoreTest, LetsGoOfClosedBoundSocketsAtTheNextBind) {
  Keep(1);
  Keep(2);
  Keep(3);
  for (const uint64_t inode : {1, 2, 3}) {
    store_.HandedOver(inode);
  }
  store_.Bind(1);
  in_use = {3};
  store_.Bind(3);
  EXPECT_EQ(store_.Find(1), nullptr);
  EXPECT_NE(store_.Find(2), nullptr) << "was never bound: it holds no port";
  EXPECT_NE(store_.Find(3), nullptr);
}

TEST_F(SocketStoreTest, StaysSmallUnderManySocketsThatAreClosedAtOnce) {
  for (uint64_t inode = 1; inode <= 5000; ++inode) {
    Keep(inode);
    store_.HandedOver(inode);
    EXPECT_LE(store_.size(), 64u);
  }
}

TEST_F(SocketStoreTest, RefusesMoreThanItHasRoomFor) {
  for (uint64_t inode = 1; inode <= 64; ++inode) {
    Keep(inode);
    store_.HandedOver(inode);
    in_use.insert(inode);
  }
  EXPECT_FALSE(store_.Keep(65, Descriptor()));
  in_use.clear();
  EXPECT_TRUE(store_.Keep(66, Descriptor()));
}

TEST_F(SocketStoreTest, RemembersPeersUntilForgotten) {
  const base::Endpoint asked(base::IpAddress::V4(0xc0000201), 443);
  store_.SetPeer(1, {asked, AF_INET6});
  ASSERT_TRUE(store_.Peer(1).has_value());
  EXPECT_TRUE(store_.Peer(1)->asked == asked);
  EXPECT_EQ(store_.Peer(1)->domain, AF_INET6);
  store_.ForgetPeer(1);
  EXPECT_FALSE(store_.Peer(1).has_value());
}

TEST(SocketsInUseTest, ListsSocketsOfOtherProcessesOnly) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct stat status;
  ASSERT_EQ(fstat(fd, &status), 0);
  EXPECT_FALSE(SocketsInUse().contains(status.st_ino));
  const pid_t child = fork();
  if (child == 0) {
    for (;;) {
      pause();
    }
  }
  EXPECT_TRUE(SocketsInUse().contains(status.st_ino));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(fd);
}

}  // namespace
}  // namespace supervisor
