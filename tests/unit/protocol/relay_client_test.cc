#include "protocol/relay_client.h"

#include <cerrno>

#include "driver.h"

namespace protocol {
namespace {

using base::Cause;
using base::Endpoint;

RelayAccess Access() {
  RelayAccess access;
  access.port = 4711;
  access.request.fill(0x11);
  access.reply.fill(0x22);
  return access;
}

RelayRequest Request(const Endpoint& target) {
  RelayRequest request;
  request.budget_ms = 20000;
  request.hop_count = 2;
  request.hops = {7, 65535};
  request.target = target;
  return request;
}

std::string Reply(const RelayReply& reply, const RelayToken& token) {
  std::array<uint8_t, kRelayReplySize> bytes;
  WriteRelayReply(reply, token, bytes);
  return Text(bytes);
}

std::optional<RelayRequest> Read(const std::string& bytes) {
  return ReadRelayRequest(Bytes(bytes).first<kRelayRequestSize>());
}

RelayClient Client() { return {Request(*Endpoint::FromName("go.example", 443)), Access()}; }

TEST(RelayClientTest, SendsARequestThatTheRelayReads) {
  const Endpoint targets[] = {*Endpoint::FromName("go.example", 443),
                              *Endpoint::FromName(std::string(base::kMaxNameLength, 'x'), 1),
                              {*base::IpAddress::Parse("192.0.2.7"), 22},
                              {*base::IpAddress::Parse("2001:db8::7"), 65535}};
  for (const Endpoint& target : targets) {
    const RelayClient client(Request(target), Access());
    const std::string sent = Text(client.Outgoing());
    ASSERT_EQ(sent.size(), kRelayRequestSize);
    EXPECT_TRUE(IsRelayRequest(Bytes(sent).first<kRelayHeadSize>(), Access().request));
    const auto read = Read(sent);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->target, target);
    EXPECT_EQ(read->budget_ms, 20000u);
    EXPECT_EQ(read->hop_count, 2);
    EXPECT_EQ(read->hops[0], 7);
    EXPECT_EQ(read->hops[1], 65535);
  }
}

TEST(RelayClientTest, IsUpAfterAGoodReply) {
  const Outcome outcome =
      DriveEveryWay(Client(), Reply({.failure = {}, .connect_us = 12}, Access().reply) + "tunnel");
  EXPECT_EQ(outcome.step, Step::kDone);
  EXPECT_EQ(outcome.taken, kRelayReplySize);
}

TEST(RelayClientTest, TellsHowLongTheFirstConnectTook) {
  RelayClient client = Client();
  client.Sent(client.Outgoing().size());
  client.Feed(Bytes(Reply({.failure = {}, .connect_us = 1234}, Access().reply)));
  EXPECT_EQ(client.connect_us(), 1234u);
}

TEST(RelayClientTest, PassesTheFailureOnAsItIs) {
  base::Failure failure{.cause = Cause::kAuthentication,
                        .speaker = base::Failure::Speaker::kTarget,
                        .hop = 1,
                        .code = 407};
  failure.set_detail("407 Proxy Authentication Required");
  const std::string reply = Reply({.failure = failure}, Access().reply);
  const Outcome outcome = DriveEveryWay(Client(), reply);
  EXPECT_EQ(outcome.step, Step::kFailed);
  EXPECT_EQ(outcome.cause, Cause::kAuthentication);
  EXPECT_EQ(outcome.speaker, base::Failure::Speaker::kTarget);
  EXPECT_EQ(outcome.code, 407u);
  EXPECT_EQ(outcome.detail, "407 Proxy Authentication Required");
  RelayClient client = Client();
  client.Sent(client.Outgoing().size());
  client.Feed(Bytes(reply));
  EXPECT_EQ(client.failure().hop, 1);
}

TEST(RelayClientTest, BelievesNobodyWithoutTheToken) {
  RelayToken other = Access().reply;
  for (size_t i = 0; i < other.size(); ++i) {
    other = Access().reply;
    other[i] ^= 1;
    const Outcome outcome = DriveEveryWay(Client(), Reply({}, other));
    EXPECT_EQ(outcome.step, Step::kFailed);
    EXPECT_EQ(outcome.cause, Cause::kRelay);
    EXPECT_EQ(outcome.code, unsigned{ECONNREFUSED});
  }
}

TEST(RelayClientTest, RejectsAReplyThatIsNone) {
  const std::string good = Reply({}, Access().reply);
  std::string bad = good;
  bad[sizeof(RelayToken) + 4] = 99;  // the cause
  EXPECT_EQ(DriveEveryWay(Client(), bad).cause, Cause::kRelay);
  bad = good;
  bad[sizeof(RelayToken) + 5] = 3;  // the speaker
  EXPECT_EQ(DriveEveryWay(Client(), bad).cause, Cause::kRelay);
  bad = good;
  bad[sizeof(RelayToken) + 6] = 2;  // a hop that the request doesn't have
  EXPECT_EQ(DriveEveryWay(Client(), bad).cause, Cause::kRelay);
}

TEST(RelayClientTest, FailsWhereTheRelayEnds) {
  EXPECT_EQ(DriveEveryWay(Client(), "", true).cause, Cause::kRelay);
  EXPECT_EQ(DriveEveryWay(Client(), Reply({}, Access().reply).substr(0, 30), true).cause,
            Cause::kRelay);
}

TEST(RelayMessageTest, RefusesEveryOtherHead) {
  const std::string sent = Text(Client().Outgoing());
  for (size_t i = 0; i < kRelayHeadSize; ++i) {
    std::string bad = sent;
    bad[i] = static_cast<char>(bad[i] ^ 0x80);
    EXPECT_FALSE(IsRelayRequest(Bytes(bad).first<kRelayHeadSize>(), Access().request)) << i;
  }
}

TEST(RelayMessageTest, KnowsTheBeginningOfAHead) {
  const std::string sent = Text(Client().Outgoing());
  for (size_t size = 0; size <= kRelayHeadSize; ++size) {
    EXPECT_TRUE(IsRelayRequest(Bytes(sent).first(size), Access().request));
  }
  EXPECT_FALSE(IsRelayRequest(Bytes("S"), Access().request));
}

TEST(RelayMessageTest, RefusesRequestsThatAreNone) {
  const std::string sent = Text(Client().Outgoing());
  constexpr size_t kHopCount = kRelayHeadSize + 4;
  constexpr size_t kHostKind = kHopCount + 1 + 2 * config::kMaxHops + 2;
  const auto with = [&](size_t at, char value) {
    std::string bad = sent;
    bad[at] = value;
    return Read(bad).has_value();
  };
  EXPECT_FALSE(with(kHopCount, 0));
  EXPECT_FALSE(with(kHopCount, config::kMaxHops + 1));
  EXPECT_FALSE(with(kHostKind, 0));   // a name without a byte
  EXPECT_FALSE(with(kHostKind, 50));  // one with zeros
  EXPECT_FALSE(with(kHostKind + 1, ' '));
}

}  // namespace
}  // namespace protocol
