// Event loops under the real filter: told at once that they are connected, and carried.
#include "supervisor/carrier.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>

#include <atomic>
#include <cstring>

#include "supervised.h"

namespace supervisor {
namespace {

constexpr char kTarget[] = "192.0.2.1";

int NonBlocking() { return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }

// A set that has `fd`.
int SetOf(int fd, uint32_t events) {
  const int set = epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{events, {.u64 = 77}};
  return epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0 ? set : -1;
}

uint32_t Await(int set, int timeout_ms = 5000) {
  epoll_event got{};
  return epoll_wait(set, &got, 1, timeout_ms) == 1 && got.data.u64 == 77 ? got.events : 0;
}

int Error(int fd) {
  int error = -1;
  socklen_t size = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : -1;
}

bool IsConnecting(int fd, uint16_t port = 443) {
  return Connect(fd, V4(kTarget, port)) == -1 && errno == EINPROGRESS;
}

class CarrierTest : public ::testing::TestWithParam<bool> {
 protected:
  int Run(Supervised::Body body) { return Supervised(proxy_, GetParam()).Run(body); }

  ScriptedProxy proxy_;
};

INSTANTIATE_TEST_SUITE_P(, CarrierTest, ::testing::Bool(), [](const auto& instance) {
  return std::string(instance.param ? "MakesSockets" : "TakesDescriptors");
});

TEST_P(CarrierTest, TellsAnEventLoopAtOnce) {
  proxy_.delay_ms = 400;
  EXPECT_EQ(Run([]() -> int {
              const int fd = NonBlocking();
              const int set = SetOf(fd, EPOLLIN | EPOLLOUT | EPOLLET);
              REQUIRE(IsConnecting(fd));
              REQUIRE((Await(set) & EPOLLOUT) != 0);
              REQUIRE(Error(fd) == 0);
              REQUIRE(send(fd, "x", 1, 0) == 1);
              // The proxy hasn't answered yet.
              char byte;
              REQUIRE(recv(fd, &byte, 1, 0) == -1 && errno == EAGAIN);
              uint32_t events = 0;
              while ((events & EPOLLIN) == 0) {
                events = Await(set);
                REQUIRE(events != 0);
              }
              REQUIRE(recv(fd, &byte, 1, 0) == 1 && byte == 'x');
              REQUIRE((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
              return 0;
            }),
            0);
}

TEST_P(CarrierTest, ShowsTheTargetAsThePeer) {
  EXPECT_EQ(Run([]() -> int {
              const int fd = NonBlocking();
              SetOf(fd, EPOLLIN);
              REQUIRE(IsConnecting(fd));
              sockaddr_in peer{};
              socklen_t size = sizeof peer;
              REQUIRE(getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0);
              const sockaddr_in wanted = V4(kTarget, 443);
              REQUIRE(std::memcmp(&peer, &wanted, sizeof peer) == 0);
              return 0;
            }),
            0);
}

TEST_P(CarrierTest, ResetsWhatCanNotBeDialled) {
  proxy_.reply = 5;
  EXPECT_EQ(Run([]() -> int {
              const int fd = NonBlocking();
              const int set = SetOf(fd, EPOLLIN);
              REQUIRE(IsConnecting(fd));
              REQUIRE((Await(set) & EPOLLERR) != 0);
              REQUIRE(Error(fd) == ECONNRESET);
              return 0;
            }),
            0);
}

TEST_P(CarrierTest, DialsInTheCallOfAProgramWithoutASet) {
  EXPECT_EQ(Run([]() -> int {
              const int fd = NonBlocking();
              REQUIRE(Connect(fd, V4(kTarget, 443)) == 0);
              return 0;
            }),
            0);
}

TEST_P(CarrierTest, DialsInTheCallOfABlockingSocket) {
  EXPECT_EQ(Run([]() -> int {
              const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
              SetOf(fd, EPOLLIN);
              REQUIRE(Connect(fd, V4(kTarget, 443)) == 0);
              return 0;
            }),
            0);
}

TEST_P(CarrierTest, DialsOnABoundSocketItself) {
  EXPECT_EQ(Run([]() -> int {
              const int fd = NonBlocking();
              SetOf(fd, EPOLLIN);
              const sockaddr_in own = V4("127.0.0.1", 0);
              REQUIRE(bind(fd, reinterpret_cast<const sockaddr*>(&own), sizeof own) == 0);
              REQUIRE(Connect(fd, V4(kTarget, 443)) == 0);
              return 0;
            }),
            0);
}

// A thread that waits in an edge-triggered set reads whatever there is: a handshake on the
// program's own socket would lose its bytes to it.
std::atomic<int> stolen{0};

void* ReadAll(void* argument) {
  const int set = *static_cast<int*>(argument);
  for (epoll_event got; stolen == 0;) {
    if (epoll_wait(set, &got, 1, 5000) != 1) {
      stolen = -1;
      break;
    }
    char data[64];
    const ssize_t size = recv(got.data.fd, data, sizeof data, 0);
    stolen = size > 0 ? (size == 1 && data[0] == 'x' ? 1 : -2) : stolen.load();
  }
  return nullptr;
}

TEST_P(CarrierTest, KeepsAnotherThreadOfTheLoopFromTheHandshakesBytes) {
  SKIP_UNDER_THREAD_SANITIZER();
  proxy_.delay_ms = 100;
  EXPECT_EQ(Run([]() -> int {
              const int fd = NonBlocking();
              int set = epoll_create1(EPOLL_CLOEXEC);
              epoll_event event{EPOLLIN | EPOLLOUT | EPOLLET, {.fd = fd}};
              REQUIRE(epoll_ctl(set, EPOLL_CTL_ADD, fd, &event) == 0);
              pthread_t reader;
              REQUIRE(pthread_create(&reader, nullptr, ReadAll, &set) == 0);
              REQUIRE(IsConnecting(fd));
              pollfd writable{fd, POLLOUT, 0};
              REQUIRE(poll(&writable, 1, 5000) == 1);
              REQUIRE(send(fd, "x", 1, 0) == 1);
              pthread_join(reader, nullptr);
              REQUIRE(stolen == 1);
              return 0;
            }),
            0);
}

TEST_P(CarrierTest, SendsTheFirstDataOfAFastOpen) {
  EXPECT_EQ(Run([]() -> int {
              const int fd = NonBlocking();
              const int set = SetOf(fd, EPOLLIN);
              const sockaddr_in target = V4(kTarget, 443);
              REQUIRE(sendto(fd, "x", 1, MSG_FASTOPEN, reinterpret_cast<const sockaddr*>(&target),
                             sizeof target) == 1);
              REQUIRE((Await(set) & EPOLLIN) != 0);
              char byte;
              REQUIRE(recv(fd, &byte, 1, 0) == 1 && byte == 'x');
              return 0;
            }),
            0);
}

TEST_P(CarrierTest, EndsTheDialOfAProgramThatIsGone) {
  proxy_.delay_ms = 60000;
  Supervised tree(proxy_, GetParam());
  tree.Start([]() -> int {
    const int fd = NonBlocking();
    SetOf(fd, EPOLLIN);
    REQUIRE(IsConnecting(fd));
    sleep(60);
    return 0;
  });
  while (proxy_.asked == 0) {
    usleep(1000);
  }
  kill(tree.child(), SIGKILL);
  tree.Wait();
  EXPECT_TRUE(tree.AwaitConnections(5000));
  tree.WaitForTreeEnd();
}

TEST_P(CarrierTest, GoesOnWithTheDialOfAProgramThatHasOnlySaidItsLast) {
  proxy_.delay_ms = 300;
  EXPECT_EQ(Run([]() -> int {
              const int fd = NonBlocking();
              const int set = SetOf(fd, EPOLLIN);
              REQUIRE(IsConnecting(fd));
              REQUIRE(shutdown(fd, SHUT_WR) == 0);
              REQUIRE((Await(set) & EPOLLIN) != 0);
              char byte;
              REQUIRE(recv(fd, &byte, 1, 0) == 0);
              return 0;
            }),
            0);
}

TEST_P(CarrierTest, DeliversWhatAProgramSaidBeforeItEnded) {
  proxy_.delay_ms = 300;
  Supervised tree(proxy_, GetParam());
  tree.Start([]() -> int {
    const int fd = NonBlocking();
    const int set = SetOf(fd, EPOLLOUT);
    REQUIRE(IsConnecting(fd));
    REQUIRE(Await(set) == EPOLLOUT);
    REQUIRE(send(fd, "last words", 10, 0) == 10);
    return 0;
  });
  EXPECT_EQ(tree.Wait(), 0);
  EXPECT_TRUE(tree.AwaitConnections(5000));
  // Delivered is what its kernel has; the proxy may still have to look.
  EXPECT_TRUE(proxy_.WaitForClosed(1, 5000));
  EXPECT_EQ(proxy_.carried, 10);
  tree.WaitForTreeEnd();
}

// Where the program's sockets can be looked at after they were dialled.
class RepeatedConnectTest : public ::testing::Test {
 protected:
  int Run(Supervised::Body body) { return Supervised(proxy_, false).Run(body); }

  ScriptedProxy proxy_;
};

TEST_F(RepeatedConnectTest, AnswersARepeatedConnectAsTheKernelDoes) {
  EXPECT_EQ(Run([]() -> int {
              const int fd = NonBlocking();
              const int set = SetOf(fd, EPOLLOUT);
              REQUIRE(IsConnecting(fd));
              REQUIRE(Await(set) == EPOLLOUT);
              REQUIRE(Connect(fd, V4(kTarget, 443)) == 0);
              REQUIRE(Connect(fd, V4(kTarget, 443)) == -1 && errno == EISCONN);
              const int readable = SetOf(fd, EPOLLIN);
              REQUIRE(send(fd, "x", 1, 0) == 1);
              REQUIRE(Await(readable) == EPOLLIN);
              return 0;
            }),
            0);
  EXPECT_EQ(proxy_.asked, 1);
}

TEST_F(RepeatedConnectTest, DialsAnewOnASocketWhoseDialFailed) {
  proxy_.reply = 5;
  EXPECT_EQ(Run([]() -> int {
              const int fd = NonBlocking();
              const int set = SetOf(fd, EPOLLIN);
              REQUIRE(IsConnecting(fd));
              REQUIRE((Await(set) & EPOLLERR) != 0);
              REQUIRE(Error(fd) == ECONNRESET);
              // As a socket whose connect failed, it can be connected anew.
              REQUIRE(Connect(fd, V4(kTarget, 444)) == -1 && errno == ECONNABORTED);
              REQUIRE(IsConnecting(fd, 444));
              REQUIRE((Await(set) & EPOLLERR) != 0);
              return 0;
            }),
            0);
  EXPECT_EQ(proxy_.asked, 2);
}

TEST_F(RepeatedConnectTest, TellsARepeatedConnectWhyItFailed) {
  proxy_.reply = 5;
  EXPECT_EQ(Run([]() -> int {
              const int fd = NonBlocking();
              const int set = SetOf(fd, EPOLLIN);
              REQUIRE(IsConnecting(fd));
              REQUIRE((Await(set) & EPOLLERR) != 0);
              REQUIRE(Connect(fd, V4(kTarget, 443)) == -1 && errno == ECONNRESET);
              return 0;
            }),
            0);
  EXPECT_EQ(proxy_.asked, 1);
}

TEST(KeptSocketsTest, AreNeverConnectedPastTheRules) {
  ScriptedProxy proxy;
  EXPECT_EQ(Supervised(proxy, true).Run([]() -> int {
    const int fd = NonBlocking();
    const int set = SetOf(fd, EPOLLIN);
    REQUIRE(IsConnecting(fd));
    REQUIRE(Await(set, 0) == 0);
    const sockaddr none{AF_UNSPEC, {}};
    REQUIRE(connect(fd, &none, sizeof none) == 0);
    // This machine answers, and no proxy was asked.
    REQUIRE(Connect(fd, V4(kTarget, 443)) == -1 && errno == EISCONN);
    return 0;
  }),
            0);
}

}  // namespace
}  // namespace supervisor
