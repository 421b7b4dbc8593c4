#include "chain/dial.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "scripted_proxies.h"

namespace chain {
namespace {

using base::Cause;
using State = Dial::State;

Dial Connected(const Chain& chain) {
  Dial dial(chain.config(), Path::Whole(chain.config(), kWhole), kTarget);
  dial.Start(0);
  dial.Connected(0, 0);
  return dial;
}

// Runs both ends until nothing moves any more.
State RunBoth(Dial& dial, Peer& peer, size_t max = SIZE_MAX) {
  do {
    if (dial.state() == State::kWantRead || dial.state() == State::kWantWrite) {
      dial.Advance(peer.client_fd(), 0);
    }
  } while (peer.Play(max));
  return dial.state();
}

std::string Rest(int fd) {
  char buffer[256];
  const ssize_t got = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
  return got > 0 ? std::string(buffer, static_cast<size_t>(got)) : std::string();
}

// Bit i of `bits` chooses the protocol of hop i.
std::vector<ProxyType> Types(size_t count, unsigned bits) {
  std::vector<ProxyType> types;
  for (size_t i = 0; i < count; ++i) {
    types.push_back((bits >> i & 1) != 0 ? ProxyType::kHttp : ProxyType::kSocks5);
  }
  return types;
}

void ExpectTunnel(const std::vector<ProxyType>& types, size_t piece) {
  const Chain chain(types);
  auto script = Script(types);
  script.back().reply += "SSH-2.0-tunnel";
  Peer peer(script);
  Dial dial = Connected(chain);
  EXPECT_EQ(RunBoth(dial, peer, piece), State::kDone) << types.size() << " hops";
  EXPECT_EQ(Rest(peer.client_fd()), "SSH-2.0-tunnel");
}

TEST(DialTest, ReachesTheTunnelThroughEveryOrderOfFourHops) {
  for (unsigned bits = 0; bits < 16; ++bits) {
    ExpectTunnel(Types(4, bits), SIZE_MAX);
  }
}

TEST(DialTest, ReachesTheTunnelThrough1To16Hops) {
  for (size_t count = 1; count <= config::kMaxHops; ++count) {
    for (const unsigned bits : {0x0000u, 0xffffu, 0x5555u, 0xaaaau, 0x0ff0u, 0x6d2bu}) {
      ExpectTunnel(Types(count, bits), SIZE_MAX);
    }
  }
}

TEST(DialTest, ReachesTheTunnelWhereRepliesComeInPieces) {
  for (const size_t piece : {1u, 2u, 3u, 7u}) {
    ExpectTunnel(Types(3, 0b010), piece);
    ExpectTunnel(Types(3, 0b101), piece);
  }
}

TEST(DialTest, IsDoneOnceConnectedWhereThereIsNoHop) {
  const Chain chain({});
  Dial dial(chain.config(), Path::Whole(chain.config(), {config::RouteKind::kDirect, 0}), kTarget);
  dial.Start(0);
  EXPECT_EQ(dial.state(), State::kConnect);
  dial.Connected(0, 0);
  EXPECT_EQ(dial.state(), State::kDone);
}

TEST(DialTest, GoesThroughASingleProxyWithItsCredentials) {
  const Chain chain({ProxyType::kHttp}, "alice", "secret", config::Auth::kBasic);
  Dial dial(chain.config(), Path::Whole(chain.config(), {config::RouteKind::kProxy, 0}), kTarget);
  dial.Start(0);
  dial.Connected(0, 0);
  Peer peer(
      {{"CONNECT target.example:443 HTTP/1.1\r\nHost: target.example:443\r\n"
        "Proxy-Authorization: Basic YWxpY2U6c2VjcmV0\r\n\r\n",
        kHttpOk}});
  EXPECT_EQ(RunBoth(dial, peer), State::kDone);
}

TEST(DialTest, NamesTheHopThatRefused) {
  for (size_t count = 1; count <= 5; ++count) {
    for (size_t bad = 0; bad < count; ++bad) {
      const auto types = Types(count, 0b01010);
      auto script = Script(types);
      size_t turn = 0;
      for (size_t i = 0; i <= bad; ++i) turn += types[i] == ProxyType::kSocks5 ? 2 : 1;
      script[turn - 1].reply = types[bad] == ProxyType::kSocks5
                                   ? Raw("\x05\x05\x00\x01\x00\x00\x00\x00\x00\x00")
                                   : "HTTP/1.1 502 Bad Gateway\r\n\r\n<html>";
      const Chain chain(types);
      Peer peer(script);
      Dial dial = Connected(chain);
      ASSERT_EQ(RunBoth(dial, peer), State::kFailed);
      EXPECT_EQ(dial.failure().cause, Cause::kRefused);
      EXPECT_EQ(dial.failure().speaker, base::Failure::Speaker::kTarget);
      EXPECT_EQ(dial.failure().hop, bad) << "of " << count;
      EXPECT_EQ(peer.turn(), turn) << "says nothing after a failure";
    }
  }
}

TEST(DialTest, FailsWherePeerClosesInsideAnyHandshake) {
  const auto types = Types(3, 0b010);
  const auto script = Script(types);
  const size_t hop_of_turn[] = {0, 0, 1, 2, 2};
  for (size_t turn = 0; turn < script.size(); ++turn) {
    auto cut = script;
    cut.resize(turn + 1);
    cut.back().reply.pop_back();
    const Chain chain(types);
    Peer peer(cut);
    Dial dial = Connected(chain);
    ASSERT_EQ(RunBoth(dial, peer), State::kWantRead);
    peer.Close();
    ASSERT_EQ(RunBoth(dial, peer), State::kFailed);
    EXPECT_EQ(dial.failure().cause, Cause::kClosedEarly);
    EXPECT_EQ(dial.failure().hop, hop_of_turn[turn]);
  }
}

TEST(DialTest, FailsWherePeerResets) {
  const Chain chain({ProxyType::kSocks5});
  Peer peer({}, AF_INET);
  Dial dial = Connected(chain);
  ASSERT_EQ(dial.Advance(peer.client_fd(), 0), State::kWantRead);
  peer.Reset();
  ASSERT_EQ(dial.Advance(peer.client_fd(), 0), State::kFailed);
  EXPECT_EQ(dial.failure().cause, Cause::kClosedEarly);
  EXPECT_EQ(base::ToErrno(dial.failure()), ECONNRESET);
}

TEST(DialTest, RaisesNoSigpipeWherePeerIsGoneBeforeSending) {
  const Chain chain({ProxyType::kHttp});
  Peer peer({});
  peer.Close();
  Dial dial = Connected(chain);
  ASSERT_EQ(dial.Advance(peer.client_fd(), 0), State::kFailed);
  EXPECT_EQ(dial.failure().cause, Cause::kClosedEarly);
}

TEST(DialTest, NeitherBlocksNorWritesTheStatusFlags) {
  const Chain chain({ProxyType::kHttp});
  Peer peer({});
  const int flags = fcntl(peer.client_fd(), F_GETFL);
  ASSERT_EQ(flags & O_NONBLOCK, 0);
  Dial dial = Connected(chain);
  EXPECT_EQ(dial.Advance(peer.client_fd(), 0), State::kWantRead);
  EXPECT_EQ(dial.Advance(peer.client_fd(), 0), State::kWantRead);
  EXPECT_EQ(fcntl(peer.client_fd(), F_GETFL), flags);
}

TEST(DialTest, WantsToWriteWhileTheSocketIsFull) {
  const Chain chain({ProxyType::kSocks5});
  Peer peer({});
  const std::string filler(1024, 'f');
  while (send(peer.client_fd(), filler.data(), filler.size(), MSG_DONTWAIT) > 0) {
  }
  Dial dial = Connected(chain);
  EXPECT_EQ(dial.Advance(peer.client_fd(), 0), State::kWantWrite);
  std::string drained;
  char buffer[4096];
  for (ssize_t got; (got = recv(peer.own_fd(), buffer, sizeof buffer, MSG_DONTWAIT)) > 0;) {
    drained.append(buffer, static_cast<size_t>(got));
  }
  EXPECT_TRUE(drained.ends_with('f'));
  EXPECT_EQ(dial.Advance(peer.client_fd(), 0), State::kWantRead);
  EXPECT_EQ(Rest(peer.own_fd()), Raw("\x05\x01\x00"));
}

TEST(DialTest, ReportsFailedConnectAsTheFirstHops) {
  const Chain chain({ProxyType::kHttp, ProxyType::kHttp});
  const std::pair<int, Cause> rows[] = {{ECONNREFUSED, Cause::kRefused},
                                        {EHOSTUNREACH, Cause::kHostUnreachable},
                                        {ETIMEDOUT, Cause::kTimedOut},
                                        {EMFILE, Cause::kLocal}};
  for (const auto& [error, cause] : rows) {
    Dial dial(chain.config(), Path::Whole(chain.config(), kWhole), kTarget);
    dial.Start(0);
    dial.Connected(error, 5);
    ASSERT_EQ(dial.state(), State::kFailed);
    EXPECT_EQ(dial.failure().cause, cause);
    EXPECT_EQ(dial.failure().hop, 0);
    EXPECT_EQ(dial.failure().speaker, base::Failure::Speaker::kHop);
    EXPECT_EQ(base::ToErrno(dial.failure()), error);
  }
}

TEST(DialTest, CountsEachHopsTimeFromItsOwnStart) {
  const auto types = Types(2, 0b11);
  const Chain chain(types);
  Peer peer(Script(types));
  Dial dial(chain.config(), Path::Whole(chain.config(), kWhole), kTarget);
  dial.Start(1000);
  EXPECT_EQ(dial.deadline_ms(), 1000 + kTimeoutMs);
  dial.Connected(0, 3000);
  EXPECT_EQ(dial.deadline_ms(), 1000 + kTimeoutMs) << "the connect is part of the first hop's time";
  dial.Advance(peer.client_fd(), 3000);
  while (peer.Play(SIZE_MAX)) {
  }
  dial.Advance(peer.client_fd(), 7000);
  EXPECT_EQ(dial.hop(), 1u);
  EXPECT_EQ(dial.deadline_ms(), 7000 + kTimeoutMs);
}

TEST(DialTest, BlamesTheHopAtWorkWhenTimeIsUp) {
  const auto types = Types(2, 0b00);
  const Chain chain(types);
  auto script = Script(types);
  script.resize(3);
  Peer peer(script);
  Dial dial = Connected(chain);
  ASSERT_EQ(RunBoth(dial, peer), State::kWantRead);
  dial.TimeOut();
  EXPECT_EQ(dial.state(), State::kFailed);
  EXPECT_EQ(dial.failure().cause, Cause::kTimedOut);
  EXPECT_EQ(dial.failure().hop, 1);
}

TEST(DialTest, FailsBeforeSendingWhatTheProtocolCannotCarry) {
  const Chain chain({ProxyType::kSocks5}, std::string(256, 'u'));
  Peer peer({});
  Dial dial = Connected(chain);
  ASSERT_EQ(dial.Advance(peer.client_fd(), 0), State::kFailed);
  EXPECT_EQ(dial.failure().cause, Cause::kAuthentication);
  EXPECT_EQ(Rest(peer.own_fd()), "");
}

TEST(DialTest, AsksForTheNextHopByAddressWhereItHasOne) {
  config::ImageWriter writer;
  config::Chain hops;
  for (const char* host : {"192.0.2.1", "2001:db8::2"}) {
    config::Proxy proxy;
    proxy.name = writer.AddText(host);
    proxy.type = ProxyType::kHttp;
    proxy.host = writer.AddText(host);
    proxy.port = 8080;
    hops.hops[hops.hop_count++] = writer.AddProxy(proxy);
  }
  hops.name = writer.AddText("chain");
  writer.AddChain(hops);
  const std::vector<uint8_t> image = writer.Finish();
  auto config = config::Config::FromImage(image);
  ASSERT_TRUE(config.ok());
  Dial dial(config.value(), Path::Whole(config.value(), kWhole), kTarget);
  dial.Start(0);
  dial.Connected(0, 0);
  Peer peer({});
  dial.Advance(peer.client_fd(), 0);
  EXPECT_TRUE(Rest(peer.own_fd()).starts_with("CONNECT [2001:db8::2]:8080 HTTP/1.1\r\n"));
}

TEST(DialTest, WaitsForTlsBeforeItSaysAnything) {
  const std::vector<ProxyType> types{ProxyType::kSocks5, ProxyType::kHttps};
  const Chain chain(types);
  Peer peer(Script(types));
  Dial dial = Connected(chain);
  ASSERT_EQ(RunBoth(dial, peer), State::kWantTls);
  EXPECT_EQ(dial.hop(), 1u);
  EXPECT_EQ(peer.turn(), 2u);
  EXPECT_EQ(peer.heard(), "");
  dial.TlsUp();
  EXPECT_EQ(RunBoth(dial, peer), State::kDone);
}

TEST(DialTest, BeginsBehindItsLastSshHop) {
  const std::vector<ProxyType> types{ProxyType::kSsh, ProxyType::kHttp, ProxyType::kSsh,
                                     ProxyType::kHttp};
  const Chain chain(types);
  const std::vector<Turn> script = Script(types);
  Peer peer({script.back()});
  Dial dial(chain.config(), Path::Whole(chain.config(), kWhole), kTarget);
  ASSERT_TRUE(dial.StartAtSsh(1000));
  ASSERT_EQ(dial.state(), State::kWantSsh);
  EXPECT_EQ(dial.hop(), 2u);
  EXPECT_EQ(dial.deadline_ms(), 1000 + kTimeoutMs);
  EXPECT_EQ(dial.next_stop(), *base::Endpoint::FromName(Chain::HostOf(3), Chain::PortOf(3)));
  dial.SshUp(2000);
  EXPECT_EQ(dial.hop(), 3u);
  EXPECT_EQ(dial.deadline_ms(), 2000 + kTimeoutMs);
  EXPECT_EQ(RunBoth(dial, peer), State::kDone);
}

TEST(DialTest, IsDoneWhereTheSshHopIsTheLast) {
  const Chain chain({ProxyType::kHttp, ProxyType::kSsh});
  Dial dial(chain.config(), Path::Whole(chain.config(), kWhole), kTarget);
  ASSERT_TRUE(dial.StartAtSsh(0));
  EXPECT_EQ(dial.next_stop(), kTarget);
  dial.SshUp(0);
  EXPECT_EQ(dial.state(), State::kDone);
  Dial without(chain.config(), Path(), kTarget);
  EXPECT_FALSE(without.StartAtSsh(0));
}

protocol::RelayAccess Access() {
  protocol::RelayAccess access;
  access.request.fill(1);
  access.reply.fill(2);
  return access;
}

// A dial by the relay, which answers `reply`.
Dial Relayed(const Chain& chain, const protocol::RelayReply& reply,
             std::optional<protocol::RelayRequest>* asked) {
  static const protocol::RelayAccess access = Access();
  Dial dial(chain.config(), Path::Whole(chain.config(), kWhole), kTarget);
  dial.GoThroughRelay(access);
  dial.Start(0);
  dial.Connected(0, 0);
  Peer peer({});
  EXPECT_EQ(dial.Advance(peer.client_fd(), 0), State::kWantRead);
  std::array<uint8_t, protocol::kRelayRequestSize> request;
  EXPECT_EQ(recv(peer.own_fd(), request.data(), request.size(), 0), ssize_t(request.size()));
  *asked = protocol::ReadRelayRequest(request);
  std::array<uint8_t, protocol::kRelayReplySize> bytes;
  protocol::WriteRelayReply(reply, access.reply, bytes);
  EXPECT_EQ(send(peer.own_fd(), bytes.data(), bytes.size(), 0), ssize_t(bytes.size()));
  dial.Advance(peer.client_fd(), 0);
  return dial;
}

TEST(DialTest, AsksTheRelayForTheWholePath) {
  const Chain chain({ProxyType::kSocks5, ProxyType::kHttps, ProxyType::kHttp});
  std::optional<protocol::RelayRequest> asked;
  const Dial dial = Relayed(chain, {.failure = {}, .connect_us = 77}, &asked);
  EXPECT_EQ(dial.state(), State::kDone);
  EXPECT_EQ(dial.relay_connect_us(), 77u);
  ASSERT_TRUE(asked.has_value());
  EXPECT_EQ(asked->hop_count, 3);
  EXPECT_EQ(asked->hops[2], 2);
  EXPECT_EQ(asked->target, kTarget);
  EXPECT_EQ(asked->budget_ms, 3 * kTimeoutMs);
  // The relay's own time-outs name the hop: they must come first.
  EXPECT_GT(dial.deadline_ms(), int64_t{3} * kTimeoutMs);
}

TEST(DialTest, BlamesNoHopWhereTheRelayIsKilled) {
  const Chain chain({ProxyType::kHttps});
  const protocol::RelayAccess access = Access();
  Dial dial(chain.config(), Path::Whole(chain.config(), kWhole), kTarget);
  dial.GoThroughRelay(access);
  dial.Start(0);
  dial.Connected(0, 0);
  Peer peer({}, AF_INET);
  ASSERT_EQ(dial.Advance(peer.client_fd(), 0), State::kWantRead);
  peer.Reset();
  ASSERT_EQ(dial.Advance(peer.client_fd(), 0), State::kFailed);
  EXPECT_EQ(dial.failure().cause, Cause::kRelay);
  EXPECT_EQ(base::ToErrno(dial.failure()), ECONNREFUSED);
}

TEST(DialTest, BlamesNoHopForTheRelaysSilence) {
  const Chain chain({ProxyType::kSocks5, ProxyType::kHttps});
  const protocol::RelayAccess access = Access();
  Dial dial(chain.config(), Path::Whole(chain.config(), kWhole), kTarget);
  dial.GoThroughRelay(access);
  dial.Start(0);
  dial.Connected(0, 0);
  dial.TimeOut();
  EXPECT_EQ(dial.state(), State::kFailed);
  EXPECT_EQ(dial.failure().cause, Cause::kRelay);
  EXPECT_EQ(base::ToErrno(dial.failure()), ETIMEDOUT);
}

TEST(DialTest, FailsAtTheHopThatTheRelayNames) {
  const Chain chain({ProxyType::kSocks5, ProxyType::kHttps, ProxyType::kHttp});
  std::optional<protocol::RelayRequest> asked;
  const Dial dial = Relayed(chain, {.failure = {.cause = Cause::kForbidden, .hop = 2}}, &asked);
  EXPECT_EQ(dial.state(), State::kFailed);
  EXPECT_EQ(dial.failure().cause, Cause::kForbidden);
  EXPECT_EQ(dial.failure().hop, 2);
}

// --- HTTP authentication

const std::string kAlice = "Proxy-Authorization: Basic YWxpY2U6c2VjcmV0\r\n";

// A request that may be asked for credentials, with them or without.
std::string Connect(const std::string& authority, bool with_credentials) {
  return "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority +
         "\r\nProxy-Connection: Keep-Alive\r\n" + (with_credentials ? kAlice : "") + "\r\n";
}

const std::string kTargetAuthority = "target.example:443";
const std::string kAsk =
    "HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 6\r\n\r\n<html>";
const std::string kAskAndClose =
    "HTTP/1.0 407 Auth\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n";

class Logins {
 public:
  explicit Logins(size_t proxies) : words_(AuthTable::RegionSize(proxies) / 8) {}
  AuthTable& table() { return table_; }

 private:
  std::vector<uint64_t> words_;
  AuthTable table_{{reinterpret_cast<uint8_t*>(words_.data()), words_.size() * 8}};
};

Dial ConnectedWith(const Chain& chain, AuthTable& logins) {
  Dial dial(chain.config(), Path::Whole(chain.config(), kWhole), kTarget);
  dial.ShareLogins(logins);
  dial.Start(0);
  dial.Connected(0, 0);
  return dial;
}

TEST(DialTest, AnswersAProxyThatAsksForCredentials) {
  for (const size_t piece : {SIZE_MAX, size_t{1}}) {
    const Chain chain({ProxyType::kHttp}, "alice", "secret");
    Peer peer({{Connect(kTargetAuthority, false), kAsk},
               {Connect(kTargetAuthority, true), kHttpOk + "SSH-2.0-tunnel"}});
    Dial dial = Connected(chain);
    EXPECT_EQ(RunBoth(dial, peer, piece), State::kDone);
    EXPECT_EQ(Rest(peer.client_fd()), "SSH-2.0-tunnel");
  }
}

TEST(DialTest, TellsLaterDialsWhatAProxyWants) {
  const Chain chain({ProxyType::kHttp}, "alice", "secret");
  Logins logins(1);
  Peer first(
      {{Connect(kTargetAuthority, false), kAsk}, {Connect(kTargetAuthority, true), kHttpOk}});
  Dial asked = ConnectedWith(chain, logins.table());
  ASSERT_EQ(RunBoth(asked, first), State::kDone);
  Peer second({{Connect(kTargetAuthority, true), kHttpOk}});
  Dial told = ConnectedWith(chain, logins.table());
  EXPECT_EQ(RunBoth(told, second), State::kDone);
}

TEST(DialTest, ForgetsWhatAProxyDoesNotTakeAnyMore) {
  const Chain chain({ProxyType::kHttp}, "alice", "secret");
  Logins logins(1);
  protocol::HttpMemory basic;
  basic.challenge.scheme = protocol::HttpScheme::kBasic;
  logins.table().Remember(0, basic);
  Peer peer({{Connect(kTargetAuthority, true), kAsk}});
  Dial dial = ConnectedWith(chain, logins.table());
  ASSERT_EQ(RunBoth(dial, peer), State::kFailed);
  EXPECT_EQ(dial.failure().cause, Cause::kAuthentication);
  EXPECT_EQ(logins.table().Recall(0).challenge.scheme, protocol::HttpScheme::kNone);
}

TEST(DialTest, TakesAnotherConnectionWhereAProxyEndsTheOneItAskedOn) {
  const Chain chain({ProxyType::kHttp}, "alice", "secret");
  Peer first({{Connect(kTargetAuthority, false), kAskAndClose}});
  Dial dial = Connected(chain);
  ASSERT_EQ(RunBoth(dial, first), State::kReconnect);
  dial.Restart();
  ASSERT_EQ(dial.state(), State::kConnect);
  dial.Start(5000);
  EXPECT_EQ(dial.deadline_ms(), 5000 + kTimeoutMs);
  dial.Connected(0, 5000);
  Peer second({{Connect(kTargetAuthority, true), kHttpOk}});
  EXPECT_EQ(RunBoth(dial, second), State::kDone);
}

TEST(DialTest, TakesAnotherConnectionWhereTheOldOneIsResetUnderTheAnswer) {
  const Chain chain({ProxyType::kHttp}, "alice", "secret");
  Peer peer({{Connect(kTargetAuthority, false), kAsk}}, AF_INET);
  Dial dial = Connected(chain);
  ASSERT_EQ(RunBoth(dial, peer), State::kWantRead) << "its answer is on its way";
  peer.Reset();
  EXPECT_EQ(RunBoth(dial, peer), State::kReconnect);
}

TEST(DialTest, GoesThroughTheHopsBeforeAgain) {
  const Chain chain({ProxyType::kHttp, ProxyType::kHttp, ProxyType::kHttp}, "alice", "secret");
  Logins logins(3);
  Dial dial = ConnectedWith(chain, logins.table());
  const std::string second_hop = "hop1.example:1001";
  const std::string third_hop = "hop2.example:1002";
  // Each hop asks on a connection of its own; what those before it want is known by then.
  Peer peers[] = {
      Peer({{Connect(second_hop, false), kAskAndClose}}),
      Peer({{Connect(second_hop, true), kHttpOk}, {Connect(third_hop, false), kAskAndClose}}),
      Peer({{Connect(second_hop, true), kHttpOk},
            {Connect(third_hop, true), kHttpOk},
            {Connect(kTargetAuthority, false), kAskAndClose}}),
      Peer({{Connect(second_hop, true), kHttpOk},
            {Connect(third_hop, true), kHttpOk},
            {Connect(kTargetAuthority, true), kHttpOk}})};
  for (Peer& peer : peers) {
    const State state = RunBoth(dial, peer);
    if (&peer == &peers[3]) {
      EXPECT_EQ(state, State::kDone);
      break;
    }
    ASSERT_EQ(state, State::kReconnect);
    dial.Restart();
    dial.Start(0);
    dial.Connected(0, 0);
  }
}

TEST(DialTest, DoesNotReconnectForEver) {
  const Chain chain({ProxyType::kHttp}, "alice", "secret");
  Dial dial = Connected(chain);
  int connections = 1;
  for (;; ++connections) {
    Peer peer({});
    dial.Advance(peer.client_fd(), 0);
    // A nonce that is out of date at once.
    const std::string ask =
        "HTTP/1.0 407 Auth\r\nProxy-Authenticate: Digest realm=x, stale=true, nonce=" +
        std::to_string(connections) + "\r\n\r\n";
    ASSERT_EQ(send(peer.own_fd(), ask.data(), ask.size(), 0), ssize_t(ask.size()));
    if (dial.Advance(peer.client_fd(), 0) != State::kReconnect) break;
    dial.Restart();
    dial.Start(0);
    dial.Connected(0, 0);
  }
  EXPECT_EQ(dial.state(), State::kFailed);
  EXPECT_EQ(connections, 3);
}

// A dial on a connection that was made before, whose SOCKS5 proxy has been greeted.
Dial OnReady(const Chain& chain) {
  Dial dial(chain.config(), Path::Whole(chain.config(), kWhole), kTarget);
  dial.Start(0);
  dial.ConnectedBefore(protocol::Socks5Method::kNone, 0);
  return dial;
}

TEST(DialTest, BeginsWithTheRequestWhereTheFirstHopHasBeenGreeted) {
  for (const size_t count : {1u, 2u, 3u}) {
    const auto types = Types(count, 0b010);
    const Chain chain(types);
    auto script = Script(types);
    script.erase(script.begin());
    Peer peer(script);
    Dial dial = OnReady(chain);
    EXPECT_EQ(RunBoth(dial, peer), State::kDone) << count;
  }
}

TEST(DialTest, ConnectsAnewWhereAReadyConnectionHasEnded) {
  const Chain chain(Types(2, 0b10));
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const base::Fd mine(ends[0]);
  close(ends[1]);
  Dial dial = OnReady(chain);
  EXPECT_EQ(dial.Advance(mine.get(), 0), State::kReconnect);
  dial.Restart();
  dial.Start(0);
  dial.Connected(0, 0);
  Peer peer(Script(Types(2, 0b10)));
  EXPECT_EQ(RunBoth(dial, peer), State::kDone);
}

TEST(DialTest, BlamesTheHopOnceAReadyConnectionHasAnswered) {
  const Chain chain(Types(1, 0));
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const base::Fd mine(ends[0]);
  Dial dial = OnReady(chain);
  EXPECT_EQ(dial.Advance(mine.get(), 0), State::kWantRead);
  ASSERT_EQ(send(ends[1], "\5", 1, 0), 1);
  close(ends[1]);
  EXPECT_EQ(dial.Advance(mine.get(), 0), State::kFailed);
  EXPECT_EQ(dial.failure().cause, Cause::kClosedEarly);
}

TEST(DialTest, WaitsNoSecondTimeForAHopThatIsSilentOnAReadyConnection) {
  const Chain chain(Types(1, 0));
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const base::Fd mine(ends[0]);
  const base::Fd other(ends[1]);
  Dial dial = OnReady(chain);
  dial.Advance(mine.get(), 0);
  dial.TimeOut();
  EXPECT_EQ(dial.state(), State::kFailed);
}

}  // namespace
}  // namespace chain
