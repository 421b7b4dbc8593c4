// Real sockets: clients of each protocol, targets on loopback.
#include "listener/listener.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "../engine/rules_session.h"
#include "../supervisor/tcp_pair.h"

namespace listener {
namespace {

using supervisor::Say;

constexpr const char* kRules =
    "[proxy dead]\nurl = socks5://127.0.0.1:1\n"
    "[rules]\nreject = bad.example\ndead = dead.example\n"
    "[hosts]\nhere.example = 127.0.0.1\n";

// All that comes until the end, which may be a reset.
std::string HearAll(int fd) {
  std::string out;
  for (;;) {
    const std::string piece = supervisor::Hear(fd);
    if (piece == "end" || piece == "reset" || piece == "nothing") {
      return out + "<" + piece + ">";
    }
    out += piece;
  }
}

std::string Bytes(std::initializer_list<int> bytes) { return {bytes.begin(), bytes.end()}; }

class ListenerTest : public testing::Test {
 protected:
  ListenerTest() { Open({}); }

  void Open(Listener::Options options) {
    listener_.reset();
    auto socket = Listen({engine::Ip("127.0.0.1"), 0});
    ASSERT_TRUE(socket.ok());
    own_ = AddressOf(socket->get());
    listener_ = std::make_unique<Listener>(session_, std::move(socket.value()), options);
    ASSERT_TRUE(listener_->Start());
  }

  base::Fd Client() {
    base::Fd out(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_storage storage;
    const socklen_t size = base::ToSockaddr(own_.address(), own_.port(), AF_INET, &storage);
    EXPECT_EQ(connect(out.get(), reinterpret_cast<const sockaddr*>(&storage), size), 0);
    return out;
  }

  // Sends `text`, and hears all of the answer.
  std::string Ask(const std::string& text) {
    const base::Fd client = Client();
    Say(client.get(), text);
    return HearAll(client.get());
  }

  std::string TargetText() const {
    return "127.0.0.1:" + std::to_string(AddressOf(target_).port());
  }
  std::string Socks5ToTarget() const {
    const int port = AddressOf(target_).port();
    return Bytes({5, 1, 0, 5, 1, 0, 3, 12}) + "here.example" + Bytes({port >> 8, port & 255});
  }
  base::Fd Arrival() {
    pollfd arrival{target_, POLLIN, 0};
    EXPECT_EQ(poll(&arrival, 1, 5000), 1);
    return base::Fd(accept4(target_, nullptr, nullptr, SOCK_CLOEXEC));
  }

  engine::Session session_ = engine::SessionOf(kRules);
  const base::Fd target_socket_ = std::move(Listen({engine::Ip("127.0.0.1"), 0}).value());
  const int target_ = target_socket_.get();
  base::Endpoint own_;
  std::unique_ptr<Listener> listener_;
};

const std::string kSocks5Up = Bytes({5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0});

TEST_F(ListenerTest, CarriesATunnelAndEachOfItsEnds) {
  const base::Fd client = Client();
  Say(client.get(), Socks5ToTarget() + "early");
  const base::Fd target = Arrival();
  EXPECT_EQ(supervisor::Hear(target.get()), "early");
  std::string up;
  while (up.size() < kSocks5Up.size()) {
    up += supervisor::Hear(client.get());
  }
  EXPECT_EQ(up, kSocks5Up);
  shutdown(client.get(), SHUT_WR);
  EXPECT_EQ(supervisor::Hear(target.get()), "end");
  Say(target.get(), "late");
  EXPECT_EQ(supervisor::Hear(client.get()), "late");
  shutdown(target.get(), SHUT_WR);
  EXPECT_EQ(supervisor::Hear(client.get()), "end");
  EXPECT_TRUE(listener_->AwaitEnd(5000));
}

TEST_F(ListenerTest, PassesAResetOn) {
  const base::Fd client = Client();
  Say(client.get(), "CONNECT " + TargetText() + " HTTP/1.1\r\n\r\n");
  base::Fd target = Arrival();
  EXPECT_EQ(supervisor::Hear(client.get()), "HTTP/1.1 200 Connection established\r\n\r\n");
  supervisor::ResetAtClose(&target);
  EXPECT_EQ(supervisor::Hear(client.get()), "reset");
}

TEST_F(ListenerTest, SendsOneHttpRequestAndNoMore) {
  const base::Fd client = Client();
  Say(client.get(), "POST http://" + TargetText() +
                        "/a HTTP/1.1\r\nContent-Length: 4\r\n\r\nbodyGET http://bad.example/ "
                        "HTTP/1.1\r\n\r\n");
  base::Fd target = Arrival();
  const std::string expected = "POST /a HTTP/1.1\r\nHost: " + TargetText() +
                               "\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody";
  std::string got;
  while (got.size() < expected.size()) {
    got += supervisor::Hear(target.get());
  }
  EXPECT_EQ(got, expected);
  EXPECT_EQ(supervisor::Hear(target.get(), 50), "nothing");
  Say(target.get(), "HTTP/1.1 204 No Content\r\n\r\n");
  target.Reset();
  EXPECT_EQ(HearAll(client.get()), "HTTP/1.1 204 No Content\r\n\r\n<end>");
}

TEST_F(ListenerTest, SaysWhyNot) {
  EXPECT_EQ(Ask(Bytes({5, 1, 0, 5, 1, 0, 3, 11}) + "bad.example" + Bytes({1, 187})),
            Bytes({5, 0, 5, 2, 0, 1, 0, 0, 0, 0, 0, 0}) + "<end>");
  EXPECT_EQ(Ask("CONNECT bad.example:443 HTTP/1.1\r\n\r\n").substr(0, 22),
            "HTTP/1.1 403 Forbidden");
  EXPECT_EQ(Ask("GET http://bad.example/ HTTP/1.1\r\n\r\n").substr(0, 22),
            "HTTP/1.1 403 Forbidden");
  const std::string dead = Ask("CONNECT dead.example:443 HTTP/1.1\r\n\r\n");
  EXPECT_EQ(dead.substr(0, 24), "HTTP/1.1 502 Bad Gateway");
  EXPECT_TRUE(dead.ends_with("dead.example:443: connection refused\n<end>")) << dead;
}

TEST_F(ListenerTest, LetsTheAnswerReachAClientThatTalksOn) {
  const base::Fd client = Client();
  Say(client.get(), "NONSENSE\r\n\r\n" + std::string(64 * 1024, 'x'));
  EXPECT_TRUE(HearAll(client.get()).starts_with("HTTP/1.1 400 "));
  Say(client.get(), "more");
  pollfd cut{client.get(), 0, 0};
  EXPECT_EQ(poll(&cut, 1, 100), 0) << "a reset may overtake the answer";
}

TEST_F(ListenerTest, HearsSlowClientsBesideEachOther) {
  const base::Fd slow = Client();
  const std::string bytes = Socks5ToTarget();
  for (size_t i = 0; i < bytes.size(); ++i) {
    Say(slow.get(), bytes.substr(i, 1));
    if (i == 3) {
      EXPECT_EQ(Ask("X\r\n\r\n").substr(0, 12), "HTTP/1.1 400");
    }
  }
  const base::Fd target = Arrival();
  EXPECT_TRUE(target.valid());
}

TEST_F(ListenerTest, LosesPatienceWithTheSilent) {
  Open({.patience = {.request_ms = 100, .leave_ms = 100}});
  const base::Fd silent = Client();
  const base::Fd half = Client();
  Say(half.get(), "GET http://");
  EXPECT_EQ(supervisor::Hear(silent.get()), "end");
  EXPECT_EQ(supervisor::Hear(half.get()), "end");
}

TEST_F(ListenerTest, CutsWhatIsLeftAtItsEnd) {
  const base::Fd client = Client();
  const base::Fd silent = Client();
  Say(client.get(), "CONNECT " + TargetText() + " HTTP/1.1\r\n\r\n");
  const base::Fd target = Arrival();
  EXPECT_EQ(supervisor::Hear(client.get()), "HTTP/1.1 200 Connection established\r\n\r\n");
  EXPECT_FALSE(listener_->AwaitEnd(0));
  listener_.reset();
  EXPECT_EQ(supervisor::Hear(client.get()), "reset") << "data cut short must not look whole";
  EXPECT_EQ(supervisor::Hear(target.get()), "reset");
  EXPECT_EQ(supervisor::Hear(silent.get()), "end");
}

TEST_F(ListenerTest, TakesNobodyOnceItHasStopped) {
  const base::Fd client = Client();
  Say(client.get(), Socks5ToTarget());
  const base::Fd target = Arrival();
  std::string up;
  while (up.size() < kSocks5Up.size()) {
    up += supervisor::Hear(client.get());
  }
  listener_->StopTaking();
  const base::Fd late(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage storage;
  const socklen_t size = base::ToSockaddr(own_.address(), own_.port(), AF_INET, &storage);
  EXPECT_EQ(connect(late.get(), reinterpret_cast<const sockaddr*>(&storage), size), -1);
  EXPECT_EQ(errno, ECONNREFUSED);
  Say(client.get(), "on");
  EXPECT_EQ(supervisor::Hear(target.get()), "on") << "those that are up go on";
}

TEST_F(ListenerTest, TurnsOtherUsersAway) {
  if (geteuid() != 0) {
    GTEST_SKIP() << "needs root";
  }
  Open({.own_user_only = true});
  EXPECT_EQ(Ask("X\r\n\r\n").substr(0, 12), "HTTP/1.1 400");
  const base::Fd stranger(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(fchown(stranger.get(), 65534, static_cast<gid_t>(-1)), 0);
  sockaddr_storage storage;
  const socklen_t size = base::ToSockaddr(own_.address(), own_.port(), AF_INET, &storage);
  ASSERT_EQ(connect(stranger.get(), reinterpret_cast<const sockaddr*>(&storage), size), 0);
  EXPECT_EQ(supervisor::Hear(stranger.get()), "end");
}

TEST_F(ListenerTest, ServesManyAtOnce) {
  constexpr size_t kClients = 200;
  std::vector<base::Fd> clients;
  std::vector<base::Fd> targets;
  for (size_t i = 0; i < kClients; ++i) {
    clients.push_back(Client());
    Say(clients.back().get(), Socks5ToTarget());
  }
  for (size_t i = 0; i < kClients; ++i) {
    targets.push_back(Arrival());
    Say(targets.back().get(), "hello");
    shutdown(targets.back().get(), SHUT_WR);
  }
  for (const base::Fd& client : clients) {
    EXPECT_EQ(HearAll(client.get()), kSocks5Up + "hello<end>");
  }
}

}  // namespace
}  // namespace listener
