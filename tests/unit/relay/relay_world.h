// A relay in a thread of the test's, hops that are listeners of the test's, and a program's end.
#ifndef GOCHAIN_TESTS_UNIT_RELAY_RELAY_WORLD_H_
#define GOCHAIN_TESTS_UNIT_RELAY_RELAY_WORLD_H_

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "chain/dial.h"
#include "config/image_writer.h"
#include "engine/session.h"
#include "relay/server.h"

namespace relay {

inline constexpr int kPatienceMs = 20000;

inline sockaddr_in Loopback(uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  out.sin_port = htons(port);
  return out;
}

inline base::Fd ConnectTo(uint16_t port) {
  base::Fd out(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = Loopback(port);
  EXPECT_EQ(connect(out.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return out;
}

// `size` bytes, or what comes until the end or an accident.
inline std::string Receive(int fd, size_t size) {
  std::string out(size, '\0');
  size_t got = 0;
  while (got < size) {
    pollfd watched{fd, POLLIN, 0};
    if (poll(&watched, 1, kPatienceMs) <= 0) break;
    const ssize_t more = recv(fd, out.data() + got, size - got, 0);
    if (more <= 0) break;
    got += static_cast<size_t>(more);
  }
  out.resize(got);
  return out;
}

inline void Say(int fd, std::string_view text) {
  EXPECT_EQ(send(fd, text.data(), text.size(), MSG_NOSIGNAL), ssize_t(text.size()));
}

// What the stream does next: "end", "reset", or the data.
inline std::string Next(int fd) {
  pollfd watched{fd, POLLIN, 0};
  if (poll(&watched, 1, kPatienceMs) <= 0) return "nothing";
  char buffer[4096];
  const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
  return got > 0 ? std::string(buffer, static_cast<size_t>(got)) : got == 0 ? "end" : "reset";
}

inline void Reset(base::Fd fd) {
  const linger now{1, 0};
  EXPECT_EQ(setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
}

// A proxy: the test plays it.
class Hop {
 public:
  Hop() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_in address = Loopback(0);
    EXPECT_EQ(bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);
    EXPECT_EQ(listen(listener_.get(), 64), 0);
    sockaddr_in own{};
    socklen_t length = sizeof own;
    EXPECT_EQ(getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&own), &length), 0);
    port = ntohs(own.sin_port);
  }

  base::Fd Accept() {
    pollfd watched{listener_.get(), POLLIN, 0};
    EXPECT_GT(poll(&watched, 1, kPatienceMs), 0) << "nobody comes";
    return base::Fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
  // Hears a CONNECT for `authority` and says yes.
  static void AnswerConnect(int fd, const std::string& authority) {
    const std::string expected =
        "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n\r\n";
    EXPECT_EQ(Receive(fd, expected.size()), expected);
    Say(fd, "HTTP/1.1 200 OK\r\n\r\n");
  }
  void Close() { listener_.Reset(); }

  uint16_t port = 0;

 private:
  base::Fd listener_;
};

class TestOwner final : public Owner {
 public:
  int fd() const override { return end_.get(); }
  bool Hear() override { return false; }
  void Go() {
    const uint64_t one = 1;
    EXPECT_EQ(write(end_.get(), &one, sizeof one), ssize_t(sizeof one));
  }

 private:
  base::Fd end_{eventfd(0, EFD_CLOEXEC)};
};

// A relay for a chain of two http proxies.
class RelayTest : public testing::Test {
 protected:
  static constexpr int64_t kTimeoutMs = 700;

  RelayTest() {
    config::ImageWriter writer;
    config::Chain chain;
    chain.name = writer.AddText("chain");
    for (const Hop& hop : hops_) {
      config::Proxy proxy;
      proxy.name = writer.AddText("hop");
      proxy.type = config::ProxyType::kHttp;
      proxy.host = writer.AddText("127.0.0.1");
      proxy.port = hop.port;
      chain.hops[chain.hop_count++] = writer.AddProxy(proxy);
    }
    writer.AddChain(chain);
    writer.globals().connect_timeout_ms = kTimeoutMs;
    auto created = engine::Session::Create({}, writer.Finish(), {});
    EXPECT_TRUE(created.ok());
    session_ = std::make_unique<engine::Session>(created->session);
    auto listeners = Listen(&access_);
    EXPECT_TRUE(listeners.ok());
    server_ = std::make_unique<Server>(*session_, std::move(listeners.value()), access_);
    thread_ = std::thread([this] { server_->Run(owner_); });
  }
  ~RelayTest() override { End(); }

  // Waits until the relay has ended, which it does with its last connection.
  void End() {
    if (thread_.joinable()) {
      owner_.Go();
      thread_.join();
    }
  }

  std::string SecondHop() const { return "127.0.0.1:" + std::to_string(hops_[1].port); }

  // A program's dial, its request sent.
  struct Program {
    chain::Dial dial;
    base::Fd socket;

    chain::Dial::State Finish() {
      while (dial.state() == chain::Dial::State::kWantRead) {
        pollfd watched{socket.get(), POLLIN, 0};
        if (poll(&watched, 1, kPatienceMs) <= 0) break;
        dial.Advance(socket.get(), base::NowMs());
      }
      return dial.state();
    }
  };
  Program Dial() {
    const config::Config& config = session_->config();
    Program out{chain::Dial(config, chain::Path::Whole(config, {config::RouteKind::kChain, 0}),
                            *base::Endpoint::FromName("target.example", 443)),
                ConnectTo(access_.port)};
    out.dial.GoThroughRelay(access_);
    out.dial.Start(base::NowMs());
    out.dial.Connected(0, base::NowMs());
    EXPECT_EQ(out.dial.Advance(out.socket.get(), base::NowMs()), chain::Dial::State::kWantRead);
    return out;
  }

  // Both ends of a tunnel that is up.
  struct Tunnel {
    base::Fd program;
    base::Fd far;
  };
  Tunnel Open() {
    Program program = Dial();
    base::Fd far = hops_[0].Accept();
    Hop::AnswerConnect(far.get(), SecondHop());
    Hop::AnswerConnect(far.get(), "target.example:443");
    EXPECT_EQ(program.Finish(), chain::Dial::State::kDone);
    return {std::move(program.socket), std::move(far)};
  }

  std::vector<Hop> hops_ = std::vector<Hop>(2);
  std::unique_ptr<engine::Session> session_;
  protocol::RelayAccess access_;
  TestOwner owner_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
};

}  // namespace relay

#endif  // GOCHAIN_TESTS_UNIT_RELAY_RELAY_WORLD_H_
