#include "engine/connector.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "../temp_folder.h"
#include "base/clock.h"
#include "config/builder.h"

namespace engine {
namespace {

uint16_t PortOf(int fd) {
  sockaddr_in in{};
  socklen_t length = sizeof in;
  getsockname(fd, reinterpret_cast<sockaddr*>(&in), &length);
  return ntohs(in.sin_port);
}

base::Fd Listener() {
  base::Fd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  bind(fd.get(), reinterpret_cast<sockaddr*>(&in), sizeof in);
  listen(fd.get(), 8);
  return fd;
}

// Surroundings as plain as can be; a test sets what shall happen.
class FakeSurroundings final : public Surroundings {
 public:
  int Connect(int fd, const sockaddr* address, socklen_t length, int64_t deadline_ms) override {
    ++connects;
    const auto asked = base::Endpoint::FromSockaddr(address, length);
    tried.push_back(asked->address());
    if (const auto slow = answers_after_ms.find(static_cast<char>(asked->address().bytes()[3]));
        slow != answers_after_ms.end()) {
      const int64_t left_ms = std::max<int64_t>(deadline_ms - base::NowMs(), 0);
      poll(nullptr, 0, static_cast<int>(std::min(left_ms, slow->second)));
      if (left_ms <= slow->second) {
        return -ETIMEDOUT;
      }
    }
    if (connect_error != 0) {
      return -connect_error;
    }
    return connect(fd, address, length) == 0 ? 0 : -errno;
  }
  Waited Wait(int fd, short events, int64_t deadline_ms) override {
    if (waited) {
      return *waited;
    }
    if (lost_once) {
      lost_once = false;
      // Another dial finds the first hop of the chain dead.
      kill_hop();
      EXPECT_TRUE(IsLost());
      return Waited::kLost;
    }
    pollfd poller{fd, events, 0};
    const auto left = static_cast<int>(deadline_ms - base::NowMs());
    return poll(&poller, 1, left > 0 ? left : 0) > 0 ? Waited::kReady : Waited::kTimedOut;
  }
  int Resolve(std::string_view name, std::span<base::IpAddress> out, int64_t deadline_ms,
              Doubt*) override {
    resolved.emplace_back(name);
    resolve_deadline_ms = deadline_ms;
    if (resolve_error != 0) {
      return -resolve_error;
    }
    for (size_t i = 0; i < answers.size(); ++i) {
      out[i] = answers[i];
    }
    return static_cast<int>(answers.size());
  }
  int Replace(int, int domain) override {
    replaced_with = domain;
    return -EAFNOSUPPORT;
  }

  int connects = 0;
  std::vector<base::IpAddress> tried;
  std::map<char, int64_t> answers_after_ms;  // by the last byte of an IPv4 address
  int connect_error = 0;
  int replaced_with = 0;
  bool lost_once = false;
  std::function<void()> kill_hop;
  std::optional<Waited> waited;
  std::vector<base::IpAddress> answers;
  std::vector<std::string> resolved;
  int resolve_error = 0;
  int64_t resolve_deadline_ms = 0;
};

struct TestProgram final : Program {
  int pid() override { return 1; }
  std::string_view exe() override { return "test"; }
};

class ConnectorTest : public testing::Test {
 protected:
  // Rules of one proxy on `proxy_` as the default, and `rules` before it.
  void Use(const std::string& globals, const std::string& rules) {
    const std::string path = folder_ / "rules.conf";
    std::ofstream(path) << "[gochain]\ndefault = one\n"
                        << globals << "\n[proxy one]\nurl = " << scheme_ << "://" << host_ << ":"
                        << PortOf(proxy_.get()) << "\n[rules]\n"
                        << rules << "\n";
    config::Inputs inputs;
    inputs.file = path;
    const auto built = config::Build(inputs);
    for (const auto& diagnostic : built.diagnostics) {
      ADD_FAILURE() << diagnostic.Text();
    }
    Settings settings;
    settings.log_level = LogLevel::kOff;
    auto created = Session::Create(settings, built.image, built.lists);
    ASSERT_TRUE(created.ok());
    session_ = created->session;
  }

  // A SOCKS5 proxy for one connection that answers with `reply` and keeps what it was asked.
  void Serve(uint8_t reply) {
    server_ = std::thread([this, reply] {
      const base::Fd peer(accept(proxy_.get(), nullptr, nullptr));
      char bytes[512];
      recv(peer.get(), bytes, 3, MSG_WAITALL);
      send(peer.get(), "\5\0", 2, MSG_NOSIGNAL);
      const ssize_t size = recv(peer.get(), bytes, sizeof bytes, 0);
      asked_.assign(bytes, size > 0 ? static_cast<size_t>(size) : 0);
      const char answer[] = {5, static_cast<char>(reply), 0, 1, 0, 0, 0, 0, 0, 0};
      send(peer.get(), answer, sizeof answer, MSG_NOSIGNAL);
      recv(peer.get(), bytes, sizeof bytes, 0);
    });
  }

  // The same for SOCKS4, which has one request and says yes.
  void ServeSocks4() {
    server_ = std::thread([this] {
      const base::Fd peer(accept(proxy_.get(), nullptr, nullptr));
      char bytes[512];
      const ssize_t size = recv(peer.get(), bytes, sizeof bytes, 0);
      asked_.assign(bytes, size > 0 ? static_cast<size_t>(size) : 0);
      send(peer.get(), "\0\x5a\0\0\0\0\0\0", 8, MSG_NOSIGNAL);
      recv(peer.get(), bytes, sizeof bytes, 0);
    });
  }

  base::Endpoint MadeUp(const char* name, uint16_t port) {
    return {*session_.names().AddressOf(name), port};
  }

  int Run(const base::Endpoint& asked, int domain = AF_INET) {
    return Connector(session_, Door::kPreload, program_)
        .Run(socket_.get(), domain, MakePlan(session_, asked, "test"), surroundings_);
  }

  void TearDown() override {
    socket_.Reset();
    if (server_.joinable()) {
      server_.join();
    }
  }

  TempFolder folder_;
  base::Fd proxy_ = Listener();
  base::Fd socket_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  Session session_;
  FakeSurroundings surroundings_;
  TestProgram program_;
  std::string host_ = "127.0.0.1";
  std::thread server_;
  std::string asked_;
  const char* scheme_ = "socks5";
};

TEST_F(ConnectorTest, GivesTheProxyTheNameAndRemembersWhatWasAsked) {
  Use("", "");
  Serve(0);
  const base::Endpoint asked = MadeUp("pkg.example", 443);
  ASSERT_EQ(Run(asked), 0);
  struct stat status;
  fstat(socket_.get(), &status);
  const base::Endpoint actual(*base::IpAddress::Parse("127.0.0.1"), PortOf(proxy_.get()));
  EXPECT_EQ(session_.peers().Find(status.st_ino, actual), asked);
  EXPECT_TRUE(surroundings_.resolved.empty());
  TearDown();
  EXPECT_EQ(asked_, std::string("\5\1\0\3\13pkg.example\1\273", 18));
}

TEST_F(ConnectorTest, LeavesTheSocketFreshAfterAFailure) {
  Use("", "");
  Serve(5);
  EXPECT_EQ(Run(MadeUp("pkg.example", 443)), -ECONNREFUSED);
  server_.join();
  Serve(0);
  EXPECT_EQ(Run(MadeUp("pkg.example", 443)), 0);
}

TEST_F(ConnectorTest, RejectsWithoutTouchingTheNetwork) {
  Use("", "reject = bad.example");
  EXPECT_EQ(Run(MadeUp("bad.example", 443)), -EACCES);
  EXPECT_EQ(surroundings_.connects, 0);
}

TEST_F(ConnectorTest, LooksADirectNameUpWhenItIsDialled) {
  Use("", "direct = private.example");
  const base::Fd target = Listener();
  surroundings_.answers = {*base::IpAddress::Parse("127.0.0.1")};
  const base::Endpoint asked = MadeUp("private.example", PortOf(target.get()));
  EXPECT_EQ(Run(asked), 0);
  EXPECT_EQ(surroundings_.resolved, std::vector<std::string>{"private.example"});
}

TEST_F(ConnectorTest, SaysHostUnreachableForADirectNameThatDoesNotExist) {
  Use("", "direct = private.example");
  EXPECT_EQ(Run(MadeUp("private.example", 1)), -EHOSTUNREACH);
}

TEST_F(ConnectorTest, GivesTheProxyAnAddressWhereDnsIsLocal) {
  Use("dns = local", "");
  Serve(0);
  surroundings_.answers = {*base::IpAddress::Parse("192.0.2.9")};
  ASSERT_EQ(Run(MadeUp("pkg.example", 443)), 0);
  TearDown();
  EXPECT_EQ(asked_, std::string("\5\1\0\1\300\0\2\11\1\273", 10));
}

TEST_F(ConnectorTest, LooksNamesUpForASocks4ProxyAndTellsItTheIpv4Address) {
  scheme_ = "socks4";
  Use("", "");
  ServeSocks4();
  surroundings_.answers = {*base::IpAddress::Parse("2001:db8::9"),
                           *base::IpAddress::Parse("192.0.2.9")};
  ASSERT_EQ(Run(MadeUp("pkg.example", 443)), 0);
  TearDown();
  EXPECT_EQ(asked_, std::string("\4\1\1\273\300\0\2\11\0", 9));
}

TEST_F(ConnectorTest, SaysNetworkUnreachableWhereASocks4ProxyHasOnlyAnIpv6Address) {
  scheme_ = "socks4a";
  Use("dns = local", "");
  surroundings_.answers = {*base::IpAddress::Parse("2001:db8::9")};
  EXPECT_EQ(Run(MadeUp("pkg.example", 443)), -ENETUNREACH);
}

TEST_F(ConnectorTest, AsksAddressRulesOnceTheNameIsLookedUpHere) {
  Use("dns = local", "reject = 192.0.2.0/24");
  surroundings_.answers = {*base::IpAddress::Parse("192.0.2.9")};
  EXPECT_EQ(Run(MadeUp("pkg.example", 443)), -EACCES);
  EXPECT_EQ(surroundings_.connects, 0);
}

TEST_F(ConnectorTest, AsksTheDnsOfTheRoute) {
  Use("", "near = *.near.example\n[chain near]\nhops = one\ndns = local");
  Serve(0);
  surroundings_.answers = {*base::IpAddress::Parse("192.0.2.9")};
  ASSERT_EQ(Run(MadeUp("pkg.near.example", 443)), 0);
  TearDown();
  EXPECT_EQ(asked_, std::string("\5\1\0\1\300\0\2\11\1\273", 10));
}

TEST_F(ConnectorTest, GivesTheProxyTheNameWhereARuleOnItsAddressSendsItThere) {
  Use("", "one = 192.0.2.0/24\ndirect = pkg.example");
  Serve(0);
  surroundings_.answers = {*base::IpAddress::Parse("192.0.2.9")};
  ASSERT_EQ(Run(MadeUp("pkg.example", 443)), 0);
  EXPECT_EQ(surroundings_.resolved, std::vector<std::string>{"pkg.example"});
  TearDown();
  EXPECT_EQ(asked_, std::string("\5\1\0\3\13pkg.example\1\273", 18));
}

TEST_F(ConnectorTest, GivesTheLookUpOfAProxysNameTheTimeOfTheHop) {
  host_ = "proxy.example";
  Use("connect_timeout = 7\nchain_timeout = 30", "");
  surroundings_.resolve_error = ETIMEDOUT;
  const int64_t before_ms = base::NowMs();
  EXPECT_EQ(Run(MadeUp("pkg.example", 443)), -ETIMEDOUT);
  EXPECT_EQ(surroundings_.resolved, std::vector<std::string>{"proxy.example"});
  EXPECT_GE(surroundings_.resolve_deadline_ms, before_ms + 7000);
  EXPECT_LE(surroundings_.resolve_deadline_ms, base::NowMs() + 7000);
  EXPECT_EQ(surroundings_.connects, 0);
  surroundings_.resolve_error = ECANCELED;
  EXPECT_EQ(Run(MadeUp("pkg.example", 443)), -ECANCELED);
  surroundings_.resolve_error = 0;
  EXPECT_EQ(Run(MadeUp("pkg.example", 443)), -EHOSTUNREACH);
}

TEST_F(ConnectorTest, GivesTheLookUpOfTheDestinationTheTimeOfTheChain) {
  Use("connect_timeout = 7\nchain_timeout = 30", "direct = pkg.example");
  surroundings_.resolve_error = ETIMEDOUT;
  const int64_t before_ms = base::NowMs();
  EXPECT_EQ(Run(MadeUp("pkg.example", 443)), -ETIMEDOUT);
  EXPECT_GE(surroundings_.resolve_deadline_ms, before_ms + 30000);
  EXPECT_LE(surroundings_.resolve_deadline_ms, base::NowMs() + 30000);
}

TEST_F(ConnectorTest, GivesTheProxyTheAddressOfAHostAndAsksNobody) {
  Use("", "one = pkg.example\n[hosts]\npkg.example = 192.0.2.9 192.0.2.10");
  Serve(0);
  ASSERT_EQ(Run(MadeUp("pkg.example", 443)), 0);
  EXPECT_TRUE(surroundings_.resolved.empty());
  TearDown();
  EXPECT_EQ(asked_, std::string("\5\1\0\1\300\0\2\11\1\273", 10));
}

TEST_F(ConnectorTest, GivesTheProxyTheNextAddressWhereItCannotReachTheFirst) {
  Use("", "one = pkg.example\n[hosts]\npkg.example = 2001:db8::9 192.0.2.9");
  for (const int reply : {3, 4, 5, 8}) {
    Serve(static_cast<uint8_t>(reply));
    std::thread second([this] {
      server_.join();
      Serve(0);
    });
    EXPECT_EQ(Run(MadeUp("pkg.example", 443)), 0) << reply;
    second.join();
    TearDown();
    EXPECT_EQ(asked_, std::string("\5\1\0\1\300\0\2\11\1\273", 10)) << reply;
    socket_.Reset(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  }
}

TEST_F(ConnectorTest, GivesTheProxyNoOtherAddressWhereItRefuses) {
  Use("", "one = pkg.example\n[hosts]\npkg.example = 192.0.2.9 192.0.2.10");
  Serve(2);
  EXPECT_EQ(Run(MadeUp("pkg.example", 443)), -EACCES);
  EXPECT_EQ(surroundings_.connects, 1);
}

TEST_F(ConnectorTest, AsksNobodyAboutAHopOfHosts) {
  Use("",
      "two = pkg.example\n"
      "[proxy second]\nurl = socks5://second.example:443\n"
      "[chain two]\nhops = one second\n"
      "[hosts]\nsecond.example = 192.0.2.9");
  Serve(5);
  EXPECT_EQ(Run(MadeUp("pkg.example", 443)), -ECONNREFUSED);
  TearDown();
  EXPECT_EQ(asked_, std::string("\5\1\0\1\300\0\2\11\1\273", 10));
}

TEST_F(ConnectorTest, DialsTheRewrittenTargetAndRemembersWhatWasAsked) {
  const base::Fd target = Listener();
  Use("", "[rewrite tunnel]\nfrom = git.example:9418\nto = 127.0.0.1:" +
              std::to_string(PortOf(target.get())));
  const base::Endpoint asked = MadeUp("git.example", 9418);
  ASSERT_EQ(Run(asked), 0);
  struct stat status;
  fstat(socket_.get(), &status);
  const base::Endpoint actual(*base::IpAddress::Parse("127.0.0.1"), PortOf(target.get()));
  EXPECT_EQ(session_.peers().Find(status.st_ino, actual), asked);
  EXPECT_TRUE(surroundings_.resolved.empty());
}

TEST_F(ConnectorTest, TriesNoAddressThatTheRulesSendElsewhere) {
  Use("", "reject = 127.0.0.0/24\ndirect = *.corp.example");
  const base::Fd target = Listener();
  surroundings_.answers = {*base::IpAddress::Parse("127.0.1.1"),
                           *base::IpAddress::Parse("127.0.0.1"),
                           *base::IpAddress::Parse("127.0.1.2")};
  EXPECT_EQ(Run(MadeUp("git.corp.example", PortOf(target.get()))), -ECONNREFUSED);
  EXPECT_EQ(surroundings_.connects, 2);
}

TEST_F(ConnectorTest, TriesTheNextAddressOfADirectName) {
  Use("", "direct = private.example");
  const base::Fd target = Listener();
  surroundings_.answers = {*base::IpAddress::Parse("127.0.0.2"),
                           *base::IpAddress::Parse("127.0.0.1")};
  EXPECT_EQ(Run(MadeUp("private.example", PortOf(target.get()))), 0);
  EXPECT_EQ(surroundings_.connects, 2);
}

base::IpAddress Address(const char* text) { return *base::IpAddress::Parse(text); }

TEST_F(ConnectorTest, LeavesAnAddressThatIsSilentForAMomentAndBeginsWithTheOtherNextTime) {
  Use("", "two = pkg.example\n[proxy two]\nurl = socks5://two.example:" +
              std::to_string(PortOf(proxy_.get())));
  surroundings_.answers = {Address("127.0.0.2"), Address("127.0.0.1")};
  surroundings_.answers_after_ms[2] = 60000;
  for (const size_t tries : {2u, 1u}) {
    surroundings_.tried.clear();
    Serve(0);
    EXPECT_EQ(Run(MadeUp("pkg.example", 443)), 0);
    EXPECT_EQ(surroundings_.tried.size(), tries);
    EXPECT_EQ(surroundings_.tried.back(), Address("127.0.0.1"));
    TearDown();
    socket_.Reset(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  }
}

TEST_F(ConnectorTest, GivesSlowAddressesMoreTimeInEachRound) {
  Use("", "direct = private.example");
  const base::Fd target = Listener();
  surroundings_.answers = {Address("127.0.0.2"), Address("127.0.0.1"), Address("127.0.0.3")};
  surroundings_.answers_after_ms = {{1, 400}, {2, 60000}};
  EXPECT_EQ(Run(MadeUp("private.example", PortOf(target.get()))), 0);
  // The third refuses, and is not asked again.
  EXPECT_EQ(surroundings_.tried,
            (std::vector{Address("127.0.0.2"), Address("127.0.0.1"), Address("127.0.0.3"),
                         Address("127.0.0.2"), Address("127.0.0.1")}));
}

TEST_F(ConnectorTest, TriesAddressesOfBothFamiliesInTurn) {
  Use("", "direct = private.example");
  const base::Fd target = Listener();
  socket_.Reset(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  surroundings_.answers = {Address("::1"), Address("::2"), Address("127.0.0.1")};
  EXPECT_EQ(Run(MadeUp("private.example", PortOf(target.get())), AF_INET6), 0);
  EXPECT_EQ(surroundings_.connects, 2);
}

TEST_F(ConnectorTest, AsksForAnotherSocketOnlyWhereTheFamilyCannotReachTheProxy) {
  Use("", "direct = private.example");
  surroundings_.answers = {*base::IpAddress::Parse("2001:db8::1")};
  EXPECT_EQ(Run(MadeUp("private.example", 80)), -EAFNOSUPPORT);
  EXPECT_EQ(surroundings_.replaced_with, AF_INET6);
  EXPECT_EQ(surroundings_.connects, 0);
}

TEST_F(ConnectorTest, TellsAConnectedSocketFromAFreshOne) {
  Use("", "");
  const base::Fd target = Listener();
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(PortOf(target.get()));
  in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(connect(socket_.get(), reinterpret_cast<sockaddr*>(&in), sizeof in), 0);
  EXPECT_EQ(Run(MadeUp("pkg.example", 443)), -EISCONN);
  EXPECT_EQ(send(socket_.get(), "x", 1, MSG_NOSIGNAL), 1);
}

TEST_F(ConnectorTest, EndsTheDialWhereTheCallIsInterruptedOrAbandoned) {
  Use("", "");
  surroundings_.waited = Surroundings::Waited::kInterrupted;
  EXPECT_EQ(Run(MadeUp("pkg.example", 443)), -EINTR);
  surroundings_.waited = Surroundings::Waited::kAbandoned;
  EXPECT_EQ(Run(MadeUp("pkg.example", 443)), -ECANCELED);
  surroundings_.waited = Surroundings::Waited::kTimedOut;
  EXPECT_EQ(Run(MadeUp("pkg.example", 443)), -ETIMEDOUT);
  surroundings_.waited = Surroundings::Waited::kProgramTimedOut;
  EXPECT_EQ(Run(MadeUp("pkg.example", 443)), -EINPROGRESS);
}

TEST_F(ConnectorTest, PassesAFailedConnectOnAsItsErrno) {
  Use("", "");
  for (const int error : {ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, ETIMEDOUT, EADDRNOTAVAIL}) {
    surroundings_.connect_error = error;
    EXPECT_EQ(Run(MadeUp("pkg.example", 443)), -error);
  }
}

// A chain of a hop that refuses and then the proxy.
TEST_F(ConnectorTest, TakesTheNextPathOfAModeAndLeavesTheDeadHopOutLater) {
  const uint16_t closed = PortOf(Listener().get());
  Use("", "out = *\n[proxy dead]\nurl = socks5://127.0.0.1:" + std::to_string(closed) +
              "\n[chain out]\nhops = dead one\nmode = failover");
  Serve(0);
  ASSERT_EQ(Run(MadeUp("pkg.example", 443)), 0);
  EXPECT_EQ(surroundings_.connects, 2);
  TearDown();
  EXPECT_EQ(asked_, std::string("\5\1\0\3\13pkg.example\1\273", 18));
  socket_.Reset(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  Serve(0);
  ASSERT_EQ(Run(MadeUp("pkg.example", 443)), 0);
  EXPECT_EQ(surroundings_.connects, 3);
}

TEST_F(ConnectorTest, TellsTheProgramWhatTheTargetSaysWhateverTheMode) {
  const base::Fd other = Listener();
  Use("",
      "out = *\n[proxy other]\nurl = socks5://127.0.0.1:" + std::to_string(PortOf(other.get())) +
          "\n[chain out]\nhops = one other\nmode = failover");
  Serve(5);
  EXPECT_EQ(Run(MadeUp("pkg.example", 443)), -ECONNREFUSED);
  EXPECT_EQ(surroundings_.connects, 1);
  EXPECT_TRUE(session_.health().See(0).is_alive());
}

TEST_F(ConnectorTest, EndsAtTheChainsTimeoutWhereHopsHaveMore) {
  Use("chain_timeout = 0.5", "");
  const int64_t start_ms = base::NowMs();
  EXPECT_EQ(Run(MadeUp("pkg.example", 443)), -ETIMEDOUT) << "nobody accepts there";
  EXPECT_GE(base::NowMs() - start_ms, 500);
  EXPECT_LT(base::NowMs() - start_ms, 5000);
}

TEST_F(ConnectorTest, TakesAnotherPathWhereAWaitIsLost) {
  const base::Fd other = Listener();
  Use("",
      "out = *\n[proxy silent]\nurl = socks5://127.0.0.1:" + std::to_string(PortOf(other.get())) +
          "\n[chain out]\nhops = silent one\nmode = failover");
  Serve(0);
  surroundings_.lost_once = true;
  surroundings_.kill_hop = [this] {
    auto health = session_.health();
    health.Failed(1, health.See(1), base::NowMs());
  };
  ASSERT_EQ(Run(MadeUp("pkg.example", 443)), 0);
  EXPECT_EQ(surroundings_.connects, 2);
}

}  // namespace
}  // namespace engine
