#include "base/fd_message.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstring>

namespace base {
namespace {

class FdMessageTest : public testing::Test {
 protected:
  FdMessageTest() {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    ours_.Reset(ends[0]);
    theirs_.Reset(ends[1]);
  }

  static ino_t Inode(int fd) {
    struct stat status;
    return fstat(fd, &status) == 0 ? status.st_ino : 0;
  }

  Fd ours_;
  Fd theirs_;
  struct Message {
    char text[4];
  };
  Message message_{};
  Fd fd_;
};

TEST_F(FdMessageTest, PassesACopyOfTheDescriptor) {
  ASSERT_TRUE(SendMessage(ours_.get(), Message{"abc"}, ours_.get()));
  ASSERT_TRUE(ReceiveMessage(theirs_.get(), &message_, &fd_));
  EXPECT_STREQ(message_.text, "abc");
  EXPECT_NE(fd_.get(), ours_.get());
  EXPECT_EQ(Inode(fd_.get()), Inode(ours_.get()));
  EXPECT_EQ(fcntl(fd_.get(), F_GETFD), FD_CLOEXEC);
}

TEST_F(FdMessageTest, PassesDataAlone) {
  ASSERT_TRUE(SendMessage(ours_.get(), Message{"abc"}, -1));
  ASSERT_TRUE(ReceiveMessage(theirs_.get(), &message_, &fd_));
  EXPECT_STREQ(message_.text, "abc");
  EXPECT_FALSE(fd_.valid());
}

TEST_F(FdMessageTest, RefusesMessagesOfAnotherSizeAndOwnsWhatCameWithThem) {
  ASSERT_TRUE(SendMessage(ours_.get(), 'a', ours_.get()));
  EXPECT_FALSE(ReceiveMessage(theirs_.get(), &message_, &fd_));
  const int owned = fd_.get();
  fd_.Reset();
  EXPECT_EQ(fcntl(owned, F_GETFD), -1);
}

TEST_F(FdMessageTest, SeesTheEnd) {
  ours_.Reset();
  EXPECT_FALSE(ReceiveMessage(theirs_.get(), &message_, &fd_));
  EXPECT_FALSE(SendMessage(theirs_.get(), Message{"abc"}, -1));
  EXPECT_FALSE(SendMessage(-1, Message{"abc"}, -1));
}

}  // namespace
}  // namespace base
