// DNS of programs under the real filter: what they ask, and what they are told.
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include <cstring>

#include "supervised.h"

namespace supervisor {
namespace {

// "go.example", type A
constexpr unsigned char kQuestion[] = {0x12, 0x34, 1,   0,   0,   1, 0,   0,   0,   0,
                                       0,    0,    2,   'g', 'o', 7, 'e', 'x', 'a', 'm',
                                       'p',  'l',  'e', 0,   0,   1, 0,   1};

bool IsMadeUpAnswer(const unsigned char* answer, ssize_t size) {
  return size == static_cast<ssize_t>(sizeof kQuestion + 16) && answer[0] == 0x12 &&
         answer[1] == 0x34 && (answer[2] & 0x80) != 0 && (answer[3] & 0x80) != 0 &&
         (answer[3] & 0xf) == 0 && answer[size - 4] == 198 && answer[size - 3] == 19;
}

ssize_t ReceiveSoon(int fd, unsigned char* out, size_t room, sockaddr_in* from) {
  pollfd watched{fd, POLLIN, 0};
  socklen_t size = sizeof *from;
  return poll(&watched, 1, 3000) == 1
             ? recvfrom(fd, out, room, 0, reinterpret_cast<sockaddr*>(from), &size)
             : -1;
}

// As its resolver makes them.
int GlibcsSocket() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  return setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on) == 0 ? fd : -1;
}

// Two servers and more than one question on one socket, as musl asks.
int AskUnconnected() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  unsigned char answer[512];
  for (const char* const address : {"192.0.2.53", "198.51.100.53", "192.0.2.53"}) {
    const sockaddr_in server = V4(address, 53);
    const ssize_t sent = sendto(fd, kQuestion, sizeof kQuestion, MSG_NOSIGNAL,
                                reinterpret_cast<const sockaddr*>(&server), sizeof server);
    REQUIRE(sent == sizeof kQuestion);
    sockaddr_in from{};
    REQUIRE(IsMadeUpAnswer(answer, ReceiveSoon(fd, answer, sizeof answer, &from)));
    REQUIRE(std::memcmp(&from, &server, sizeof from) == 0);
  }
  REQUIRE(fcntl(fd, F_GETFD) == FD_CLOEXEC);
  REQUIRE((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
  const sockaddr_in other = V4("192.0.2.53", 123);
  REQUIRE(sendto(fd, "x", 1, 0, reinterpret_cast<const sockaddr*>(&other), sizeof other) == -1);
  REQUIRE(errno == EACCES);
  return 0;
}

class DnsTest : public ::testing::TestWithParam<bool> {
 protected:
  int Run(Supervised::Body body) { return Supervised(proxy_, GetParam()).Run(body); }

  ScriptedProxy proxy_;
};

INSTANTIATE_TEST_SUITE_P(, DnsTest, ::testing::Bool(), [](const auto& instance) {
  return std::string(instance.param ? "MakesSockets" : "TakesDescriptors");
});

TEST_P(DnsTest, AnswersAConnectedSocketFromTheServerItAsked) {
  EXPECT_EQ(Run([]() -> int {
              const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
              REQUIRE(Connect(fd, V4("192.0.2.53", 53)) == 0);
              sockaddr_in peer{};
              socklen_t size = sizeof peer;
              REQUIRE(getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0);
              const sockaddr_in server = V4("192.0.2.53", 53);
              REQUIRE(std::memcmp(&peer, &server, sizeof peer) == 0);
              REQUIRE(send(fd, kQuestion, sizeof kQuestion, 0) == sizeof kQuestion);
              unsigned char answer[512];
              sockaddr_in from{};
              REQUIRE(IsMadeUpAnswer(answer, ReceiveSoon(fd, answer, sizeof answer, &from)));
              REQUIRE(std::memcmp(&from, &server, sizeof from) == 0);
              return 0;
            }),
            0);
}

TEST_P(DnsTest, LeavesGlibcsSocketWhereItIs) {
  EXPECT_EQ(Run([]() -> int {
              const int fd = GlibcsSocket();
              struct stat before;
              struct stat after;
              REQUIRE(fstat(fd, &before) == 0);
              REQUIRE(Connect(fd, V4("192.0.2.53", 53)) == 0);
              REQUIRE(fstat(fd, &after) == 0);
              REQUIRE(before.st_ino == after.st_ino);
              REQUIRE(send(fd, kQuestion, sizeof kQuestion, 0) == sizeof kQuestion);
              unsigned char answer[512];
              sockaddr_in from{};
              REQUIRE(IsMadeUpAnswer(answer, ReceiveSoon(fd, answer, sizeof answer, &from)));
              return 0;
            }),
            0);
}

TEST_P(DnsTest, LeavesASocketInItsEpollSet) {
  EXPECT_EQ(Run([]() -> int {
              const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
              const int set = epoll_create1(EPOLL_CLOEXEC);
              epoll_event event{.events = EPOLLIN, .data = {}};
              REQUIRE(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0);
              REQUIRE(Connect(fd, V4("192.0.2.53", 53)) == 0);
              REQUIRE(send(fd, kQuestion, sizeof kQuestion, 0) == sizeof kQuestion);
              REQUIRE(epoll_wait(set, &event, 1, 3000) == 1);
              return 0;
            }),
            0);
}

TEST_P(DnsTest, AnswersAnUnconnectedSocketFromTheServerItAsked) {
  EXPECT_EQ(Run(AskUnconnected), 0);
}

TEST_P(DnsTest, AnswersAnOrdinaryUsersUnconnectedSocketToo) {
  SKIP_UNDER_THREAD_SANITIZER();
  EXPECT_EQ(RunAsOrdinaryUser(GetParam(), AskUnconnected), 0) << "are there user namespaces?";
}

TEST_P(DnsTest, AnswersAnIpv6ServersSocket) {
  EXPECT_EQ(Run([]() -> int {
              const int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
              sockaddr_in6 server{};
              server.sin6_family = AF_INET6;
              server.sin6_port = htons(53);
              inet_pton(AF_INET6, "2001:db8::53", &server.sin6_addr);
              REQUIRE(sendto(fd, kQuestion, sizeof kQuestion, MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&server),
                             sizeof server) == sizeof kQuestion);
              unsigned char answer[512];
              sockaddr_in6 from{};
              socklen_t size = sizeof from;
              pollfd watched{fd, POLLIN, 0};
              REQUIRE(poll(&watched, 1, 3000) == 1);
              REQUIRE(IsMadeUpAnswer(answer, recvfrom(fd, answer, sizeof answer, 0,
                                                      reinterpret_cast<sockaddr*>(&from), &size)));
              REQUIRE(std::memcmp(&from.sin6_addr, &server.sin6_addr, sizeof from.sin6_addr) == 0);
              return 0;
            }),
            0);
}

TEST_P(DnsTest, AnswersAnIpv4ServerAskedFromAnIpv6Socket) {
  EXPECT_EQ(Run([]() -> int {
              const int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
              sockaddr_in6 server{};
              server.sin6_family = AF_INET6;
              server.sin6_port = htons(53);
              inet_pton(AF_INET6, "::ffff:192.0.2.53", &server.sin6_addr);
              REQUIRE(sendto(fd, kQuestion, sizeof kQuestion, MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&server),
                             sizeof server) == sizeof kQuestion);
              unsigned char answer[512];
              sockaddr_in6 from{};
              socklen_t size = sizeof from;
              pollfd watched{fd, POLLIN, 0};
              REQUIRE(poll(&watched, 1, 3000) == 1);
              REQUIRE(IsMadeUpAnswer(answer, recvfrom(fd, answer, sizeof answer, 0,
                                                      reinterpret_cast<sockaddr*>(&from), &size)));
              REQUIRE(std::memcmp(&from.sin6_addr, &server.sin6_addr, sizeof from.sin6_addr) == 0);
              return 0;
            }),
            0);
}

TEST_P(DnsTest, AnswersOverTcp) {
  EXPECT_EQ(Run([]() -> int {
              const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
              REQUIRE(Connect(fd, V4("192.0.2.53", 53)) == 0);
              unsigned char data[512] = {0, sizeof kQuestion};
              std::memcpy(data + 2, kQuestion, sizeof kQuestion);
              for (size_t at = 0; at < 2 + sizeof kQuestion; ++at) {
                REQUIRE(send(fd, data + at, 1, 0) == 1);
              }
              ssize_t size = recv(fd, data, 2, MSG_WAITALL);
              REQUIRE(size == 2);
              size = recv(fd, data, static_cast<size_t>(data[0] << 8 | data[1]), MSG_WAITALL);
              REQUIRE(IsMadeUpAnswer(data, size));
              return 0;
            }),
            0);
}

TEST_P(DnsTest, SaysNothingToOthersOnTheMachine) {
  Supervised tree(proxy_, GetParam());
  tree.Start([]() -> int {
    REQUIRE(Connect(GlibcsSocket(), V4("192.0.2.53", 53)) == 0);
    sleep(1);
    return 0;
  });
  // The responder's is the one unconnected UDP socket of this process.
  usleep(300000);
  uint16_t port = 0;
  for (int fd = 3; fd < 256; ++fd) {
    sockaddr_in own{};
    socklen_t size = sizeof own;
    int type = 0;
    socklen_t type_size = sizeof type;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) == 0 && type == SOCK_DGRAM &&
        getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) == 0 &&
        own.sin_family == AF_INET &&
        getpeername(fd, reinterpret_cast<sockaddr*>(&own), &size) == -1) {
      port = ntohs(own.sin_port);
      break;
    }
  }
  ASSERT_NE(port, 0);
  const int stranger = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ASSERT_EQ(Connect(stranger, V4("127.0.0.1", port)), 0);
  ASSERT_EQ(send(stranger, kQuestion, sizeof kQuestion, 0), static_cast<ssize_t>(sizeof kQuestion));
  pollfd watched{stranger, POLLIN, 0};
  EXPECT_EQ(poll(&watched, 1, 300), 0);
  close(stranger);
  EXPECT_EQ(tree.Wait(), 0);
  tree.WaitForTreeEnd();
}

}  // namespace
}  // namespace supervisor
