#include "supervisor/filter.h"

#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace supervisor {
namespace {

constexpr uint64_t kCookie = 0x1122334455667788;
#if defined(__x86_64__)
constexpr uint32_t kNative = AUDIT_ARCH_X86_64;
#else
constexpr uint32_t kNative = AUDIT_ARCH_AARCH64;
#endif

// Runs classic BPF as the kernel does for seccomp: loads are of 32-bit words of seccomp_data.
uint32_t Evaluate(const std::vector<sock_filter>& program, const seccomp_data& data) {
  uint32_t a = 0;
  for (size_t at = 0; at < program.size(); ++at) {
    const sock_filter& op = program[at];
    switch (op.code) {
      case BPF_LD | BPF_W | BPF_ABS:
        std::memcpy(&a, reinterpret_cast<const char*>(&data) + op.k, sizeof a);
        break;
      case BPF_JMP | BPF_JA:
        at += op.k;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        at += a == op.k ? op.jt : op.jf;
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        at += a >= op.k ? op.jt : op.jf;
        break;
      case BPF_JMP | BPF_JGT | BPF_K:
        at += a > op.k ? op.jt : op.jf;
        break;
      case BPF_JMP | BPF_JSET | BPF_K:
        at += (a & op.k) != 0 ? op.jt : op.jf;
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        a &= op.k;
        break;
      case BPF_RET | BPF_K:
        return op.k;
      default:
        ADD_FAILURE() << "unknown instruction " << op.code;
        return 0;
    }
  }
  ADD_FAILURE() << "fell off the end";
  return 0;
}

class FilterTest : public ::testing::Test {
 protected:
  using Arguments = std::array<uint64_t, 6>;

  static std::vector<sock_filter> Build(const FilterOptions& options) {
    auto built = BuildFilter(options);
    EXPECT_TRUE(built.ok());
    return built.ok() ? built.value() : std::vector<sock_filter>{};
  }

  uint32_t Ask(long call, const Arguments& arguments, uint32_t architecture = kNative) {
    seccomp_data data{};
    data.nr = static_cast<int>(call);
    data.arch = architecture;
    std::copy(arguments.begin(), arguments.end(), data.args);
    return Evaluate(program_, data);
  }
  bool Traps(long call, const Arguments& arguments = {}) {
    return Ask(call, arguments) == SECCOMP_RET_USER_NOTIF;
  }
  bool Passes(long call, const Arguments& arguments = {}) {
    return Ask(call, arguments) == SECCOMP_RET_ALLOW;
  }

  std::vector<sock_filter> program_ = Build({kCookie, false});
};

TEST_F(FilterTest, PassesConnectWithBothHalvesOfTheCookieOnly) {
  for (const long call : {SYS_connect, SYS_getpeername}) {
    EXPECT_TRUE(Passes(call, {3, 1, 16, kCookie, ~kCookie, 9}));
    EXPECT_TRUE(Traps(call, {3, 1, 16, 0, 0, 0}));
    EXPECT_TRUE(Traps(call, {3, 1, 16, kCookie, 0, 0}));
    EXPECT_TRUE(Traps(call, {3, 1, 16, 0, ~kCookie, 0}));
    EXPECT_TRUE(Traps(call, {3, 1, 16, kCookie, kCookie, 0}));
  }
}

TEST_F(FilterTest, ComparesAll64BitsOfTheCookie) {
  for (unsigned bit = 0; bit < 64; ++bit) {
    EXPECT_TRUE(Traps(SYS_connect, {3, 1, 16, kCookie ^ (uint64_t{1} << bit), ~kCookie, 0})) << bit;
    EXPECT_TRUE(Traps(SYS_connect, {3, 1, 16, kCookie, ~kCookie ^ (uint64_t{1} << bit), 0})) << bit;
  }
}

TEST_F(FilterTest, TrapsEveryConnectWithoutACookie) {
  program_ = Build({0, false});
  EXPECT_TRUE(Traps(SYS_connect, {3, 1, 16, 0, ~uint64_t{0}, 0}));
  EXPECT_TRUE(Traps(SYS_getpeername, {3, 1, 16, 0, ~uint64_t{0}, 0}));
}

TEST_F(FilterTest, TrapsSendsThatNameAnAddress) {
  EXPECT_TRUE(Passes(SYS_sendto, {3, 1, 5, MSG_NOSIGNAL, 0, 0}));
  EXPECT_TRUE(Traps(SYS_sendto, {3, 1, 5, 0, 0x7fff0000, 16}));
  EXPECT_TRUE(Traps(SYS_sendto, {3, 1, 5, 0, 0x100000000, 16}));
}

TEST_F(FilterTest, TrapsSendsThatConnect) {
  EXPECT_TRUE(Traps(SYS_sendto, {3, 1, 5, MSG_FASTOPEN | MSG_NOSIGNAL, 0, 0}));
}

TEST_F(FilterTest, PassesMessagesWithBothHalvesOfTheCookieOnly) {
  EXPECT_TRUE(Passes(SYS_sendmsg, {3, 1, MSG_NOSIGNAL, kCookie, ~kCookie, 9}));
  EXPECT_TRUE(Traps(SYS_sendmsg, {3, 1, MSG_NOSIGNAL, 0, 0, 0}));
  EXPECT_TRUE(Traps(SYS_sendmsg, {3, 1, 0, kCookie, 0, 0}));
  EXPECT_TRUE(Traps(SYS_sendmsg, {3, 1, 0, 0, ~kCookie, 0}));
  EXPECT_TRUE(Traps(SYS_sendmsg, {3, 1, 0, 0, kCookie, ~kCookie}));
  EXPECT_TRUE(Passes(SYS_sendmmsg, {3, 1, 2, MSG_DONTWAIT, kCookie, ~kCookie}));
  EXPECT_TRUE(Traps(SYS_sendmmsg, {3, 1, 2, MSG_DONTWAIT, 0, 0}));
  EXPECT_TRUE(Traps(SYS_sendmmsg, {3, 1, 2, 0, kCookie, 0}));
  EXPECT_TRUE(Traps(SYS_sendmmsg, {3, 1, 2, 0, 0, ~kCookie}));
  EXPECT_TRUE(Traps(SYS_sendmmsg, {3, 1, 2, kCookie, ~kCookie, 0}));
}

TEST_F(FilterTest, TrapsEveryMessageWithoutACookie) {
  program_ = Build({0, false});
  EXPECT_TRUE(Traps(SYS_sendmsg, {3, 1, 0, 0, ~uint64_t{0}, 0}));
  EXPECT_TRUE(Traps(SYS_sendmmsg, {3, 1, 2, 0, 0, ~uint64_t{0}}));
}

TEST_F(FilterTest, RefusesConnectxWhereAsked) {
  constexpr uint64_t kUpper = uint64_t{7} << 32;
  const std::pair<long, uint64_t> calls[] = {
      {SYS_setsockopt, 107}, {SYS_setsockopt, 110}, {SYS_getsockopt, 111}};
  for (const auto& [call, option] : calls) {
    EXPECT_TRUE(Passes(call, {3, IPPROTO_SCTP, option, 1, 16, 0})) << option;
  }
  program_ = Build({.cookie = kCookie, .block_connectx = true});
  for (const auto& [call, option] : calls) {
    EXPECT_EQ(Ask(call, {3, IPPROTO_SCTP, option, 1, 16, 0}), SECCOMP_RET_ERRNO | EACCES) << option;
    EXPECT_EQ(Ask(call, {3, IPPROTO_SCTP | kUpper, option | kUpper, 1, 16, 0}),
              SECCOMP_RET_ERRNO | EACCES)
        << option;
    EXPECT_TRUE(Passes(call, {3, IPPROTO_TCP, option, 1, 16, 0})) << option;
    EXPECT_TRUE(Passes(call, {3, IPPROTO_SCTP, 3, 1, 16, 0})) << option;
  }
}

TEST_F(FilterTest, LeavesOtherCallsAlone) {
  for (const long call : {SYS_read, SYS_write, SYS_openat, SYS_execve, SYS_recvfrom, SYS_accept4,
                          SYS_socket, SYS_bind, SYS_listen, SYS_getsockname, SYS_close}) {
    EXPECT_TRUE(Passes(call, {AF_INET, SOCK_STREAM, 0, 0, 0, 0})) << call;
  }
}

TEST_F(FilterTest, TrapsTheSocketsThatDialWhereAsked) {
  program_ = Build({kCookie, true});
  for (const uint64_t domain : {AF_INET, AF_INET6}) {
    for (const uint64_t type : {SOCK_STREAM, SOCK_DGRAM}) {
      EXPECT_TRUE(Traps(SYS_socket, {domain, type, 0, 0, 0, 0}));
      EXPECT_TRUE(Traps(SYS_socket, {domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, 0, 0, 0}));
      EXPECT_TRUE(Traps(SYS_socket, {domain | uint64_t{7} << 32, type, 0, 0, 0, 0}));
      EXPECT_TRUE(Passes(SYS_socket, {domain, type, 0, kCookie, ~kCookie, 0}));
    }
    EXPECT_TRUE(Passes(SYS_socket, {domain, SOCK_RAW, 0, 0, 0, 0}));
  }
  EXPECT_TRUE(Passes(SYS_socket, {AF_UNIX, SOCK_STREAM, 0, 0, 0, 0}));
  EXPECT_TRUE(Passes(SYS_socket, {AF_NETLINK, SOCK_DGRAM, 0, 0, 0, 0}));
  EXPECT_TRUE(Traps(SYS_bind));
  EXPECT_TRUE(Traps(SYS_listen));
}

TEST_F(FilterTest, RefusesRings) {
  for (const long call : {SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register}) {
    EXPECT_EQ(Ask(call, {}), SECCOMP_RET_ERRNO | ENOSYS);
  }
}

#if defined(__x86_64__)
TEST_F(FilterTest, TrapsThe32BitCallsThatReachOut) {
  constexpr long kConnect = 362, kSendto = 369, kSendmsg = 370, kSendmmsg = 345, kSocketcall = 102;
  for (const long call : {kConnect, kSendto, kSendmsg, kSendmmsg}) {
    EXPECT_EQ(Ask(call, {}, AUDIT_ARCH_I386), SECCOMP_RET_USER_NOTIF) << call;
  }
  for (const uint64_t which : {3, 11, 16, 20}) {  // SYS_CONNECT and the sends of linux/net.h
    EXPECT_EQ(Ask(kSocketcall, {which}, AUDIT_ARCH_I386), SECCOMP_RET_USER_NOTIF) << which;
  }
  EXPECT_EQ(Ask(kSocketcall, {1}, AUDIT_ARCH_I386), SECCOMP_RET_ALLOW);
  EXPECT_EQ(Ask(3, {}, AUDIT_ARCH_I386), SECCOMP_RET_ALLOW);  // read
}

TEST_F(FilterTest, RefusesX32) {
  constexpr long kX32 = 0x40000000;
  EXPECT_EQ(Ask(kX32 | SYS_connect, {}), SECCOMP_RET_ERRNO | ENOSYS);
  EXPECT_EQ(Ask(kX32 | SYS_read, {}), SECCOMP_RET_ERRNO | ENOSYS);
}
#endif

}  // namespace
}  // namespace supervisor
