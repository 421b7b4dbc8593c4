#include "base/syscalls.h"

#include <gtest/gtest.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>

namespace sys {
namespace {

#if defined(__x86_64__)
constexpr uint64_t kCookie = 0x1122334455667788;

using Registers = std::array<uint64_t, 3>;  // r10, r8, r9

// As the program's own next call would hand them to the kernel.
[[gnu::always_inline]] inline Registers Left() {
  Registers out;
  asm volatile(
      "movq %%r10, %0\n\t"
      "movq %%r8, %1\n\t"
      "movq %%r9, %2"
      : "=m"(out[0]), "=m"(out[1]), "=m"(out[2]));
  return out;
}

void ExpectNoCookie(const Registers& registers) {
  for (const uint64_t value : registers) {
    EXPECT_NE(value, kCookie);
    EXPECT_NE(value, ~kCookie);
  }
}

TEST(PassingCallTest, LeavesNoCookieBehind) {
  const int connected = PassingConnect(-1, nullptr, 0, kCookie);
  const Registers after_connect = Left();
  const long sent = PassingSendmsg(-1, nullptr, 0, kCookie);
  const Registers after_sendmsg = Left();
  const int sent_many = PassingSendmmsg(-1, nullptr, 1, 0, kCookie);
  const Registers after_sendmmsg = Left();
  EXPECT_EQ(connected, -EBADF);
  EXPECT_EQ(sent, -EBADF);
  EXPECT_EQ(sent_many, -EBADF);
  ExpectNoCookie(after_connect);
  ExpectNoCookie(after_sendmsg);
  ExpectNoCookie(after_sendmmsg);
}
#endif

TEST(PassingCallTest, HandsOverAllArguments) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
  char data[] = "ab";
  iovec pieces[2] = {{data, 1}, {data + 1, 1}};
  mmsghdr messages[2]{};
  messages[0].msg_hdr.msg_iov = &pieces[0];
  messages[0].msg_hdr.msg_iovlen = 1;
  messages[1].msg_hdr.msg_iov = &pieces[1];
  messages[1].msg_hdr.msg_iovlen = 1;
  EXPECT_EQ(PassingSendmsg(ends[0], &messages[0].msg_hdr, MSG_NOSIGNAL, 7), 1);
  EXPECT_EQ(PassingSendmmsg(ends[0], messages, 2, MSG_NOSIGNAL, 7), 2);
  EXPECT_EQ(messages[1].msg_len, 1u);
  Close(ends[1]);
  // MSG_NOSIGNAL is the fourth argument: without it this would be the end.
  EXPECT_EQ(PassingSendmmsg(ends[0], messages, 2, MSG_NOSIGNAL, 7), -ECONNREFUSED);
  Close(ends[0]);
}

}  // namespace
}  // namespace sys
