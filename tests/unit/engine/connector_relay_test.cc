// The connector where the path is the relay's: that relay is a thread of the test's.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "config/image_writer.h"
#include "engine/connector.h"

namespace engine {
namespace {

using base::Cause;
using base::Failure;

class FakeSurroundings final : public Surroundings {
 public:
  int Connect(int fd, const sockaddr* address, socklen_t length, int64_t) override {
    return connect(fd, address, length) == 0 ? 0 : -errno;
  }
  Waited Wait(int fd, short events, int64_t deadline_ms) override {
    pollfd poller{fd, events, 0};
    const auto left = static_cast<int>(deadline_ms - base::NowMs());
    return poll(&poller, 1, left > 0 ? left : 0) > 0 ? Waited::kReady : Waited::kTimedOut;
  }
  int Resolve(std::string_view, std::span<base::IpAddress>, int64_t, Doubt*) override {
    ADD_FAILURE() << "looks a name up that is the relay's";
    return 0;
  }
  int Replace(int, int) override { return -EAFNOSUPPORT; }
  bool StartRelay(uint64_t version, FoundRelay* relay, Failure* why) override {
    asked_for.push_back(version);
    if (!started) {
      return Surroundings::StartRelay(version, relay, why);
    }
    *relay = *started;
    return true;
  }

  std::vector<uint64_t> asked_for;
  std::optional<FoundRelay> started;
};

struct TestProgram final : Program {
  int pid() override { return 1; }
  std::string_view exe() override { return "test"; }
};

// Answers one request, as a relay does.
class FakeRelay {
 public:
  explicit FakeRelay(int family = AF_INET)
      : listener_(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_storage storage;
    const base::IpAddress address =
        *base::IpAddress::Parse(family == AF_INET ? "127.0.0.1" : "::1");
    socklen_t length = base::ToSockaddr(address, 0, family, &storage);
    auto* const generic = reinterpret_cast<sockaddr*>(&storage);
    EXPECT_EQ(bind(listener_.get(), generic, length), 0);
    EXPECT_EQ(listen(listener_.get(), 8), 0);
    EXPECT_EQ(getsockname(listener_.get(), generic, &length), 0);
    access.port = base::Endpoint::FromSockaddr(generic, length)->port();
    access.has_v6 = family == AF_INET6;
    access.request.fill(3);
    access.reply.fill(4);
  }
  ~FakeRelay() { Join(); }

  void Answer(const Failure& failure, protocol::RelayToken token) {
    thread_ = std::thread([this, failure, token] {
      const base::Fd peer(accept(listener_.get(), nullptr, nullptr));
      std::array<uint8_t, protocol::kRelayRequestSize> bytes;
      if (recv(peer.get(), bytes.data(), bytes.size(), MSG_WAITALL) != ssize_t(bytes.size())) {
        return;
      }
      request = protocol::ReadRelayRequest(bytes);
      std::array<uint8_t, protocol::kRelayReplySize> reply;
      protocol::WriteRelayReply({failure, 5}, token, reply);
      send(peer.get(), reply.data(), reply.size(), MSG_NOSIGNAL);
      char byte;
      recv(peer.get(), &byte, 1, 0);
    });
  }
  void Join() {
    if (thread_.joinable()) {
      thread_.join();
    }
  }

  protocol::RelayAccess access;
  std::optional<protocol::RelayRequest> request;

 private:
  base::Fd listener_;
  std::thread thread_;
};

// The default route is a chain of an http and an https proxy.
class ConnectorRelayTest : public testing::Test {
 protected:
  ConnectorRelayTest() {
    config::ImageWriter writer;
    config::Chain chain;
    chain.name = writer.AddText("both");
    for (const auto type : {config::ProxyType::kHttp, config::ProxyType::kHttps}) {
      config::Proxy proxy;
      proxy.name = writer.AddText("hop");
      proxy.type = type;
      proxy.host = writer.AddText("hop.example");
      proxy.port = 1;
      chain.hops[chain.hop_count++] = writer.AddProxy(proxy);
    }
    writer.globals().default_route = {config::RouteKind::kChain, writer.AddChain(chain)};
    const std::vector<uint8_t> image = writer.Finish();
    Settings settings;
    settings.log_level = LogLevel::kOff;
    auto created = Session::Create(settings, image, {});
    EXPECT_TRUE(created.ok());
    session_ = created->session;
  }

  void Publish(const protocol::RelayAccess& access) {
    const auto before = session_.relay().Find();
    ASSERT_TRUE(session_.relay().Claim(before ? before->version : 0, ++now_ms_));
    session_.relay().Publish(access);
  }

  int Run(int domain = AF_INET) {
    socket_.Reset(socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0));
    asked_ = {*session_.names().AddressOf("pkg.example"), 443};
    return Connector(session_, Door::kPreload, program_)
        .Run(socket_.get(), domain, MakePlan(session_, asked_, "test"), surroundings_);
  }

  Session session_;
  FakeSurroundings surroundings_;
  TestProgram program_;
  base::Fd socket_;
  base::Endpoint asked_;
  int64_t now_ms_ = 1;
};

TEST_F(ConnectorRelayTest, AsksTheRelayForThePathAndTheName) {
  FakeRelay relay;
  Publish(relay.access);
  relay.Answer({}, relay.access.reply);
  ASSERT_EQ(Run(), 0);
  struct stat status;
  fstat(socket_.get(), &status);
  const base::Endpoint actual(*base::IpAddress::Parse("127.0.0.1"), relay.access.port);
  EXPECT_EQ(session_.peers().Find(status.st_ino, actual), asked_);
  socket_.Reset();
  relay.Join();
  ASSERT_TRUE(relay.request.has_value());
  EXPECT_EQ(relay.request->target, *base::Endpoint::FromName("pkg.example", 443));
  EXPECT_EQ(relay.request->hop_count, 2);
  EXPECT_TRUE(surroundings_.asked_for.empty());
}

TEST_F(ConnectorRelayTest, ReachesTheRelayFromEitherFamily) {
  for (const int relay_family : {AF_INET, AF_INET6}) {
    FakeRelay relay(relay_family);
    Publish(relay.access);
    relay.Answer({}, relay.access.reply);
    EXPECT_EQ(Run(AF_INET6), 0);
    socket_.Reset();
  }
}

TEST_F(ConnectorRelayTest, GivesTheErrnoOfTheFailureThatTheRelayTells) {
  FakeRelay relay;
  Publish(relay.access);
  for (const auto& [cause, error] :
       {std::pair(Cause::kRefused, ECONNREFUSED), std::pair(Cause::kTlsUntrusted, EACCES)}) {
    relay.Answer({.cause = cause, .hop = 1}, relay.access.reply);
    EXPECT_EQ(Run(), -error);
    socket_.Reset();
    relay.Join();
  }
  EXPECT_TRUE(surroundings_.asked_for.empty()) << "a relay that answers isn't gone";
}

TEST_F(ConnectorRelayTest, FailsWithoutARelay) {
  EXPECT_EQ(Run(), -ECONNREFUSED);
  EXPECT_EQ(surroundings_.asked_for, std::vector<uint64_t>{0});
}

TEST_F(ConnectorRelayTest, FailsWhereTheRelayIsGone) {
  protocol::RelayAccess access;
  {
    const FakeRelay relay;
    access = relay.access;
  }
  Publish(access);
  EXPECT_EQ(Run(), -ECONNREFUSED);
  EXPECT_EQ(surroundings_.asked_for, std::vector<uint64_t>{session_.relay().Find()->version});
}

TEST_F(ConnectorRelayTest, HasAnotherRelayStartedOnce) {
  protocol::RelayAccess access;
  {
    const FakeRelay relay;
    access = relay.access;
  }
  Publish(access);
  FakeRelay fresh;
  fresh.Answer({}, fresh.access.reply);
  surroundings_.started = FoundRelay{fresh.access, 99};
  EXPECT_EQ(Run(), 0);
  socket_.Reset();
  fresh.Join();
  surroundings_.started = FoundRelay{access, 100};
  EXPECT_EQ(Run(), -ECONNREFUSED);
  EXPECT_EQ(surroundings_.asked_for.size(), 2u);
}

TEST_F(ConnectorRelayTest, TakesAnotherProgramAtItsPortForAGoneRelay) {
  FakeRelay stranger;
  Publish(stranger.access);
  stranger.Answer({}, stranger.access.request);
  EXPECT_EQ(Run(), -ECONNREFUSED);
  EXPECT_EQ(surroundings_.asked_for.size(), 1u);
  socket_.Reset();
}

}  // namespace
}  // namespace engine
