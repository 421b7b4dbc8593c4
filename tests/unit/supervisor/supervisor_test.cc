// Programs under the real filter, on the real kernel, with descriptors taken from them and, where
// that is refused, with sockets made for them.
#include "supervisor/supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include <cstring>
#include <thread>
#include <vector>

#include "supervised.h"

namespace supervisor {
namespace {

constexpr char kTarget[] = "192.0.2.1";

int TcpSocket(int flags = 0) { return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0); }

bool PeerIs(int fd, const char* address, uint16_t port) {
  sockaddr_in peer{};
  socklen_t size = sizeof peer;
  const sockaddr_in wanted = V4(address, port);
  return getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0 && size == sizeof peer &&
         std::memcmp(&peer, &wanted, sizeof peer) == 0;
}

void Alarm(int delay_ms, void (*handler)(int), int flags) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  sigaction(SIGALRM, &action, nullptr);
  const itimerval when{{0, 0}, {0, delay_ms * 1000}};
  setitimer(ITIMER_REAL, &when, nullptr);
}

volatile sig_atomic_t alarms = 0;
void CountAlarm(int) { alarms = alarms + 1; }

int64_t NowMs() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

class SupervisorTest : public ::testing::TestWithParam<bool> {
 protected:
  int Run(Supervised::Body body) { return Supervised(proxy_, GetParam()).Run(body); }

  ScriptedProxy proxy_;
};

INSTANTIATE_TEST_SUITE_P(, SupervisorTest, ::testing::Bool(), [](const auto& instance) {
  return std::string(instance.param ? "MakesSockets" : "TakesDescriptors");
});

TEST_P(SupervisorTest, DialsOnABlockingSocket) {
  EXPECT_EQ(Run([]() -> int {
              const int fd = TcpSocket();
              const int flags = fcntl(fd, F_GETFL);
              REQUIRE(Connect(fd, V4(kTarget, 443)) == 0);
              REQUIRE(Echoes(fd));
              REQUIRE(PeerIs(fd, kTarget, 443));
              REQUIRE(fcntl(fd, F_GETFL) == flags);
              REQUIRE(fcntl(fd, F_GETFD) == FD_CLOEXEC);
              return 0;
            }),
            0);
}

TEST_P(SupervisorTest, DialsOnANonBlockingSocket) {
  EXPECT_EQ(Run([]() -> int {
              const int fd = TcpSocket(SOCK_NONBLOCK);
              REQUIRE(Connect(fd, V4(kTarget, 443)) == 0);
              REQUIRE((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
              REQUIRE(send(fd, "x", 1, 0) == 1);
              pollfd readable{fd, POLLIN, 0};
              REQUIRE(poll(&readable, 1, 2000) == 1 && readable.revents == POLLIN);
              return 0;
            }),
            0);
}

TEST_P(SupervisorTest, LeavesAConnectedSocketToTheKernel) {
  EXPECT_EQ(Run([]() -> int {
              const int fd = TcpSocket();
              REQUIRE(Connect(fd, V4(kTarget, 443)) == 0);
              REQUIRE(Connect(fd, V4(kTarget, 443)) == -1);
              REQUIRE(errno == EISCONN || errno == EACCES);
              REQUIRE(Echoes(fd));
              return 0;
            }),
            0);
}

TEST_P(SupervisorTest, LetsAFailedSocketDialAgain) {
  proxy_.reply = 5;
  EXPECT_EQ(Run([]() -> int {
              const int fd = TcpSocket();
              REQUIRE(Connect(fd, V4(kTarget, 443)) == -1 && errno == ECONNREFUSED);
              REQUIRE(Connect(fd, V4(kTarget, 444)) == -1 && errno == ECONNREFUSED);
              return 0;
            }),
            0);
  EXPECT_EQ(proxy_.asked, 2);
}

TEST_P(SupervisorTest, ShowsTheFarEndThatTheProgramClosed) {
  Supervised tree(proxy_, GetParam());
  tree.Start([]() -> int {
    const int fd = TcpSocket();
    REQUIRE(Connect(fd, V4(kTarget, 443)) == 0);
    close(fd);
    sleep(5);
    return 0;
  });
  EXPECT_TRUE(proxy_.WaitForClosed(1, 2000));
  kill(tree.child(), SIGKILL);
  tree.Wait();
  tree.WaitForTreeEnd();
}

TEST_P(SupervisorTest, GivesUpADialWhoseProcessIsGone) {
  proxy_.delay_ms = 60000;
  Supervised tree(proxy_, GetParam());
  tree.Start([]() -> int { return Connect(TcpSocket(), V4(kTarget, 443)); });
  while (proxy_.asked == 0) {
    std::this_thread::yield();
  }
  kill(tree.child(), SIGKILL);
  tree.Wait();
  const int64_t start_ms = NowMs();
  tree.WaitForTreeEnd();
  EXPECT_LT(NowMs() - start_ms, 1000);
}

TEST_P(SupervisorTest, RunsAHandlerAtOnceAndReturnsEintr) {
  SKIP_UNDER_THREAD_SANITIZER();
  proxy_.delay_ms = 60000;
  EXPECT_EQ(Run([]() -> int {
              const int fd = TcpSocket();
              Alarm(200, CountAlarm, 0);
              const int64_t start_ms = NowMs();
              REQUIRE(Connect(fd, V4(kTarget, 443)) == -1 && errno == EINTR);
              REQUIRE(alarms == 1);
              REQUIRE(NowMs() - start_ms < 500);
              return 0;
            }),
            0);
}

TEST_P(SupervisorTest, FindsItsDialAgainAfterARestart) {
  SKIP_UNDER_THREAD_SANITIZER();
  proxy_.delay_ms = 600;
  EXPECT_EQ(Run([]() -> int {
              const int fd = TcpSocket();
              Alarm(200, CountAlarm, SA_RESTART);
              REQUIRE(Connect(fd, V4(kTarget, 443)) == 0);
              REQUIRE(alarms == 1);
              REQUIRE(Echoes(fd));
              return 0;
            }),
            0);
  EXPECT_EQ(proxy_.asked, 1) << "the restarted call dialled anew";
}

TEST_P(SupervisorTest, DialsOnceUnderAStormOfSignals) {
  SKIP_UNDER_THREAD_SANITIZER();
  proxy_.delay_ms = 400;
  EXPECT_EQ(Run([]() -> int {
              const int fd = TcpSocket();
              Alarm(2, CountAlarm, SA_RESTART);
              const itimerval often{{0, 2000}, {0, 2000}};
              setitimer(ITIMER_REAL, &often, nullptr);
              const int result = Connect(fd, V4(kTarget, 443));
              // EISCONN: the answer and a signal met, and the restarted call found it connected.
              REQUIRE(result == 0 || errno == EISCONN);
              const itimerval never{};
              setitimer(ITIMER_REAL, &never, nullptr);
              REQUIRE(alarms > 50);
              REQUIRE(Echoes(fd));
              return 0;
            }),
            0);
  EXPECT_EQ(proxy_.asked, 1);
}

TEST_P(SupervisorTest, UndoesADialThatNobodyComesBackFor) {
  proxy_.delay_ms = 300;
  Supervised tree(proxy_, GetParam());
  tree.Start([]() -> int {
    const int fd = TcpSocket();
    Alarm(100, CountAlarm, 0);
    REQUIRE(Connect(fd, V4(kTarget, 443)) == -1 && errno == EINTR);
    sleep(4);
    sockaddr_in peer;
    socklen_t size = sizeof peer;
    REQUIRE(getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == -1);
    return 0;
  });
  EXPECT_TRUE(proxy_.WaitForClosed(1, 5000));
  EXPECT_EQ(tree.Wait(), 0);
  tree.WaitForTreeEnd();
}

TEST_P(SupervisorTest, ObeysTheSocketsOwnTimeout) {
  proxy_.delay_ms = 60000;
  EXPECT_EQ(Run([]() -> int {
              const int fd = TcpSocket();
              const timeval timeout{0, 300000};
              setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
              const int64_t start_ms = NowMs();
              REQUIRE(Connect(fd, V4(kTarget, 443)) == -1 && errno == EINPROGRESS);
              REQUIRE(NowMs() - start_ms >= 290 && NowMs() - start_ms < 900);
              return 0;
            }),
            0);
}

TEST_P(SupervisorTest, SendsTheFirstDataOfAFastOpen) {
  EXPECT_EQ(
      Run([]() -> int {
        const sockaddr_in target = V4(kTarget, 443);
        char data[16];
        const int fd = TcpSocket();
        REQUIRE(sendto(fd, "hello", 5, MSG_FASTOPEN, reinterpret_cast<const sockaddr*>(&target),
                       sizeof target) == 5);
        REQUIRE(recv(fd, data, sizeof data, 0) == 5 && std::memcmp(data, "hello", 5) == 0);
        const int second = TcpSocket();
        char part1[] = "ab", part2[] = "cde";
        iovec pieces[] = {{part1, 2}, {part2, 3}};
        msghdr message{};
        message.msg_name = const_cast<sockaddr_in*>(&target);
        message.msg_namelen = sizeof target;
        message.msg_iov = pieces;
        message.msg_iovlen = 2;
        REQUIRE(sendmsg(second, &message, MSG_FASTOPEN) == 5);
        REQUIRE(recv(second, data, sizeof data, 0) == 5 && std::memcmp(data, "abcde", 5) == 0);
        return 0;
      }),
      0);
}

TEST_P(SupervisorTest, CutsThePeersAddressToTheRoomThereIs) {
  EXPECT_EQ(Run([]() -> int {
              const int fd = TcpSocket();
              REQUIRE(Connect(fd, V4(kTarget, 443)) == 0);
              unsigned char room[16];
              std::memset(room, 0xee, sizeof room);
              socklen_t size = 4;
              auto* const plain = reinterpret_cast<sockaddr*>(room);
              REQUIRE(getpeername(fd, plain, &size) == 0);
              REQUIRE(size == sizeof(sockaddr_in));
              REQUIRE(room[2] == 443 >> 8 && room[3] == (443 & 0xff) && room[4] == 0xee);
              size = static_cast<socklen_t>(-1);
              REQUIRE(getpeername(fd, plain, &size) == -1 && errno == EINVAL);
              return 0;
            }),
            0);
}

TEST_P(SupervisorTest, AnswersBadArgumentsAsTheKernelDoes) {
  EXPECT_EQ(Run([]() -> int {
              const int fd = TcpSocket();
              const sockaddr_in target = V4(kTarget, 443);
              const auto* const plain = reinterpret_cast<const sockaddr*>(&target);
              REQUIRE(connect(fd, reinterpret_cast<const sockaddr*>(16), 16) == -1);
              REQUIRE(errno == EFAULT);
              REQUIRE(connect(fd, plain, 3) == -1 && errno == EINVAL);
              REQUIRE(connect(fd, plain, static_cast<socklen_t>(-1)) == -1 && errno == EINVAL);
              REQUIRE(connect(999, plain, sizeof target) == -1 && errno == EBADF);
              const int file = open("/dev/null", O_RDONLY);
              REQUIRE(connect(file, plain, sizeof target) == -1 && errno == ENOTSOCK);
              sockaddr_in6 v6{};
              v6.sin6_family = AF_INET6;
              v6.sin6_port = htons(443);
              v6.sin6_addr.s6_addr[0] = 0x20;
              REQUIRE(connect(fd, reinterpret_cast<sockaddr*>(&v6), sizeof v6) == -1);
              REQUIRE(errno == EAFNOSUPPORT);
              return 0;
            }),
            0);
}

TEST_P(SupervisorTest, DialsManyAtOnce) {
  SKIP_UNDER_THREAD_SANITIZER();
  proxy_.delay_ms = 300;
  EXPECT_EQ(Run([]() -> int {
              const int64_t start_ms = NowMs();
              std::vector<std::thread> threads;
              std::atomic<int> up{0};
              for (int i = 0; i < 64; ++i) {
                threads.emplace_back([&up] {
                  const int fd = TcpSocket();
                  up += Connect(fd, V4(kTarget, 443)) == 0 && Echoes(fd);
                });
              }
              for (std::thread& thread : threads) {
                thread.join();
              }
              REQUIRE(up == 64);
              REQUIRE(NowMs() - start_ms < 64 * 300 / 4);
              return 0;
            }),
            0);
}

TEST_P(SupervisorTest, DialsForManyProcessesAtOnce) {
  proxy_.delay_ms = 200;
  EXPECT_EQ(Run([]() -> int {
              constexpr int kChildren = 24;
              for (int i = 0; i < kChildren; ++i) {
                if (fork() == 0) {
                  for (int round = 0; round < 2; ++round) {
                    const int fd = TcpSocket(i % 2 == 0 ? 0 : SOCK_NONBLOCK);
                    if (Connect(fd, V4(kTarget, static_cast<uint16_t>(443 + i))) != 0 ||
                        !PeerIs(fd, kTarget, static_cast<uint16_t>(443 + i))) {
                      _exit(1);
                    }
                  }
                  _exit(0);
                }
              }
              int good = 0;
              for (int i = 0; i < kChildren; ++i) {
                int status = -1;
                good += wait(&status) > 0 && status == 0;
              }
              REQUIRE(good == kChildren);
              return 0;
            }),
            0);
  EXPECT_EQ(proxy_.asked, 48);
}

TEST_P(SupervisorTest, AnswersOthersWhileADialHangs) {
  SKIP_UNDER_THREAD_SANITIZER();
  proxy_.delay_ms = 60000;
  EXPECT_EQ(Run([]() -> int {
              std::thread([] { (void)Connect(TcpSocket(), V4(kTarget, 443)); }).detach();
              usleep(100000);
              const int64_t start_ms = NowMs();
              const int fd = TcpSocket();
              REQUIRE(Connect(fd, V4("127.0.0.1", 1)) == -1 && errno == ECONNREFUSED);
              REQUIRE(NowMs() - start_ms < 200);
              _exit(0);
            }),
            0);
}

// A port where connects wait: its backlog is full.
class DeafPort {
 public:
  DeafPort() : listener_(TcpSocket()) {
    sockaddr_in address = V4("127.0.0.1", 0);
    socklen_t size = sizeof address;
    auto* const plain = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(listener_, plain, size), 0);
    EXPECT_EQ(listen(listener_, 0), 0);
    EXPECT_EQ(getsockname(listener_, plain, &size), 0);
    port_ = ntohs(address.sin_port);
    for (int& filler : fillers_) {
      filler = TcpSocket(SOCK_NONBLOCK);
      (void)Connect(filler, address);
    }
  }
  ~DeafPort() {
    close(listener_);
    for (const int filler : fillers_) {
      close(filler);
    }
  }
  std::string url() const { return "socks5://127.0.0.1:" + std::to_string(port_); }

 private:
  int listener_;
  int fillers_[4];
  uint16_t port_ = 0;
};

TEST_P(SupervisorTest, AnswersOthersWhileAConnectHangs) {
  const DeafPort proxy;
  EXPECT_EQ(Supervised(proxy.url(), GetParam()).Run([]() -> int {
    const pid_t hanging = fork();
    if (hanging == 0) {
      _exit(Connect(TcpSocket(), V4(kTarget, 443)));
    }
    usleep(100000);
    const int64_t start_ms = NowMs();
    REQUIRE(Connect(TcpSocket(), V4("127.0.0.1", 1)) == -1 && errno == ECONNREFUSED);
    REQUIRE(NowMs() - start_ms < 200);
    kill(hanging, SIGKILL);
    return 0;
  }),
            0);
}

TEST_P(SupervisorTest, EndsAConnectThatHangs) {
  SKIP_UNDER_THREAD_SANITIZER();
  const DeafPort proxy;
  EXPECT_EQ(Supervised(proxy.url(), GetParam()).Run([]() -> int {
    const int fd = TcpSocket();
    Alarm(200, CountAlarm, 0);
    int64_t start_ms = NowMs();
    REQUIRE(Connect(fd, V4(kTarget, 443)) == -1 && errno == EINTR);
    REQUIRE(NowMs() - start_ms < 400);
    const timeval timeout{0, 300000};
    const int second = TcpSocket();
    setsockopt(second, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    start_ms = NowMs();
    REQUIRE(Connect(second, V4(kTarget, 443)) == -1 && errno == EINPROGRESS);
    REQUIRE(NowMs() - start_ms < 700);
    return 0;
  }),
            0);
}

TEST_P(SupervisorTest, SendsNoDatagramButToLoopback) {
  EXPECT_EQ(Run([]() -> int {
              const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
              sockaddr_in target = V4(kTarget, 443);
              auto* const plain = reinterpret_cast<sockaddr*>(&target);
              REQUIRE(sendto(fd, "x", 1, 0, plain, sizeof target) == -1 && errno == EACCES);
              target.sin_family = AF_UNSPEC;
              REQUIRE(sendto(fd, "x", 1, 0, plain, sizeof target) == -1 && errno == EACCES);
              REQUIRE(Connect(fd, V4(kTarget, 443)) == -1 && errno == ENETUNREACH);
              const int server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
              sockaddr_in own = V4("127.0.0.1", 0);
              socklen_t size = sizeof own;
              auto* const own_plain = reinterpret_cast<sockaddr*>(&own);
              REQUIRE(bind(server, own_plain, size) == 0);
              REQUIRE(getsockname(server, own_plain, &size) == 0);
              REQUIRE(sendto(fd, "x", 1, 0, own_plain, size) == 1);
              char byte;
              REQUIRE(recv(server, &byte, 1, 0) == 1);
              return 0;
            }),
            0);
}

TEST_P(SupervisorTest, SendsNoMessageButToLoopback) {
  EXPECT_EQ(Run([]() -> int {
              const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
              sockaddr_in target = V4(kTarget, 443);
              sockaddr_in own = V4("127.0.0.1", 9);
              char byte = 'x';
              iovec piece{&byte, 1};
              msghdr message{};
              message.msg_iov = &piece;
              message.msg_iovlen = 1;
              message.msg_name = &target;
              message.msg_namelen = sizeof target;
              REQUIRE(sendmsg(fd, &message, 0) == -1 && errno == EACCES);
              mmsghdr messages[2]{{message, 7}, {message, 7}};
              REQUIRE(sendmmsg(fd, messages, 2, 0) == -1 && errno == EACCES);
              REQUIRE(messages[0].msg_len == 7);
              messages[0].msg_hdr.msg_name = &own;
              REQUIRE(sendmmsg(fd, messages, 2, 0) == 1);
              REQUIRE(messages[0].msg_len == 1 && messages[1].msg_len == 7);
              messages[1].msg_hdr.msg_name = &own;
              REQUIRE(sendmmsg(fd, messages, 2, 0) == 2);
              REQUIRE(messages[1].msg_len == 1);
              return 0;
            }),
            0);
}

TEST_P(SupervisorTest, LetsMessagesWithoutAddressGo) {
  EXPECT_EQ(Run([]() -> int {
              int ends[2];
              REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
              char data[4] = "abc";
              iovec piece{data, 3};
              msghdr message{};
              message.msg_iov = &piece;
              message.msg_iovlen = 1;
              REQUIRE(sendmsg(ends[0], &message, 0) == 3);
              mmsghdr messages[2]{{message, 0}, {message, 0}};
              REQUIRE(sendmmsg(ends[0], messages, 2, MSG_NOSIGNAL) == 2);
              char got[16];
              REQUIRE(recv(ends[1], got, sizeof got, 0) == 9);
              REQUIRE(sendmsg(ends[0], reinterpret_cast<msghdr*>(16), 0) == -1 && errno == EFAULT);
              REQUIRE(sendmsg(999, &message, 0) == -1 && errno == EBADF);
              return 0;
            }),
            0);
}

TEST_P(SupervisorTest, DialsForAThreadThatOutlivesTheFirst) {
  SKIP_UNDER_THREAD_SANITIZER();
  EXPECT_EQ(Run([]() -> int {
              std::thread([] {
                usleep(100000);
                const int fd = TcpSocket();
                _exit(Connect(fd, V4(kTarget, 443)) == 0 && Echoes(fd) ? 0 : 77);
              }).detach();
              syscall(SYS_exit, 0);
              return 1;
            }),
            0);
}

TEST_P(SupervisorTest, NeverConnectsOutOfAnotherNetwork) {
  EXPECT_EQ(Run([]() -> int {
              REQUIRE(unshare(CLONE_NEWNET | (geteuid() == 0 ? 0 : CLONE_NEWUSER)) == 0);
              const int fd = TcpSocket();
              REQUIRE(Connect(fd, V4(kTarget, 443)) == -1);
              REQUIRE(errno == ENETUNREACH || errno == EACCES);
              REQUIRE(Connect(TcpSocket(), V4("127.0.0.1", 1)) == -1 && errno == ENETUNREACH);
              const int udp = socket(AF_INET, SOCK_DGRAM, 0);
              REQUIRE(Connect(udp, V4("192.0.2.53", 53)) == -1);
              REQUIRE(errno == ECONNREFUSED || errno == EACCES);
              return 0;
            }),
            0);
  EXPECT_EQ(proxy_.asked, 0);
}

TEST_P(SupervisorTest, RefusesAProgramThatMayNotBeInspected) {
  SKIP_UNDER_THREAD_SANITIZER();
  EXPECT_EQ(RunAsOrdinaryUser(GetParam(),
                              []() -> int {
                                const int fd = TcpSocket();
                                prctl(PR_SET_DUMPABLE, 0);
                                REQUIRE(Connect(fd, V4(kTarget, 443)) == -1 && errno == EACCES);
                                REQUIRE(Connect(fd, V4("127.0.0.1", 1)) == -1 && errno == EACCES);
                                return 0;
                              }),
            0);
}

TEST_P(SupervisorTest, RefusesRings) {
  EXPECT_EQ(Run([]() -> int {
              REQUIRE(syscall(SYS_io_uring_setup, 1, nullptr) == -1 && errno == ENOSYS);
              return 0;
            }),
            0);
}

TEST_P(SupervisorTest, StaysForWhatTheProgramLeftBehind) {
  Supervised tree(proxy_, GetParam());
  tree.Start([]() -> int {
    if (fork() == 0) {
      usleep(300000);
      const int fd = TcpSocket();
      _exit(Connect(fd, V4(kTarget, 443)) == 0 && Echoes(fd) ? 0 : 1);
    }
    return 0;
  });
  EXPECT_EQ(tree.Wait(), 0);
  tree.WaitForTreeEnd();
  EXPECT_EQ(proxy_.asked, 1);
}

TEST_P(SupervisorTest, HoldsNoPortThatTheProgramLetGo) {
  EXPECT_EQ(Run([]() -> int {
              sockaddr_in own = V4("127.0.0.1", 0);
              socklen_t size = sizeof own;
              auto* const plain = reinterpret_cast<sockaddr*>(&own);
              const int first = TcpSocket();
              REQUIRE(bind(first, plain, size) == 0 && getsockname(first, plain, &size) == 0);
              close(first);
              const int second = TcpSocket();
              REQUIRE(bind(second, plain, size) == 0);
              REQUIRE(listen(second, 1) == 0);
              REQUIRE(Connect(TcpSocket(), own) == 0);
              close(second);
              REQUIRE(Connect(TcpSocket(), own) == -1 && errno == ECONNREFUSED);
              return 0;
            }),
            0);
}

TEST_P(SupervisorTest, DialsOnASocketThatWasBound) {
  EXPECT_EQ(Run([]() -> int {
              sockaddr_in own = V4("127.0.0.1", 0);
              const int fd = TcpSocket();
              REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&own), sizeof own) == 0);
              REQUIRE(Connect(fd, V4(kTarget, 443)) == 0);
              REQUIRE(Echoes(fd));
              return 0;
            }),
            0);
}

}  // namespace
}  // namespace supervisor
