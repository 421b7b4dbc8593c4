#include "protocol/socks4_client.h"

#include "driver.h"

namespace protocol {
namespace {

using base::Cause;
using Speaker = base::Failure::Speaker;

const std::string kGranted = Raw("\x00\x5a\x00\x00\x00\x00\x00\x00");

base::Endpoint Name(std::string_view name) { return *base::Endpoint::FromName(name, 443); }
base::Endpoint Address(std::string_view text) { return {*base::IpAddress::Parse(text), 443}; }

Outcome Ask(const base::Endpoint& target, std::string_view reply, bool then_end = false) {
  return DriveEveryWay(Socks4Client(target, {}, true), reply, then_end);
}

TEST(Socks4ClientTest, AsksForAnAddress) {
  const Outcome got = DriveEveryWay(Socks4Client(Address("192.0.2.7"), {}, false), kGranted);
  EXPECT_EQ(got.step, Step::kDone);
  EXPECT_EQ(got.sent, Raw("\x04\x01\x01\xbb\xc0\x00\x02\x07\x00"));
}

TEST(Socks4ClientTest, GivesTheUserItsPlaceBeforeTheZero) {
  const Outcome got = DriveEveryWay(Socks4Client(Address("192.0.2.7"), "alice", false), kGranted);
  EXPECT_EQ(got.step, Step::kDone);
  EXPECT_EQ(got.sent, Raw("\x04\x01\x01\xbb\xc0\x00\x02\x07"
                          "alice\x00"));
}

TEST(Socks4ClientTest, PutsANameBehindAnAddressThatCannotBe) {
  const Outcome got = DriveEveryWay(Socks4Client(Name("go.example"), "al", true), kGranted);
  EXPECT_EQ(got.step, Step::kDone);
  EXPECT_EQ(got.sent, Raw("\x04\x01\x01\xbb\x00\x00\x00\x01"
                          "al\x00go.example\x00"));
}

TEST(Socks4ClientTest, HasRoomForTheLongestUserAndName) {
  const std::string name = std::string(63, 'a') + '.' + std::string(63, 'b') + '.' +
                           std::string(63, 'c') + '.' + std::string(61, 'd');
  const std::string user(255, 'u');
  const Outcome got = DriveEveryWay(Socks4Client(Name(name), user, true), kGranted);
  EXPECT_EQ(got.step, Step::kDone);
  EXPECT_EQ(got.sent,
            Raw("\x04\x01\x01\xbb\x00\x00\x00\x01") + user + Raw("\x00") + name + Raw("\x00"));
}

TEST(Socks4ClientTest, LeavesTheTunnelsFirstBytesAlone) {
  const Outcome got = Ask(Name("go.example"), kGranted + "tunnel");
  EXPECT_EQ(got.step, Step::kDone);
  EXPECT_EQ(got.taken, 8u);
}

TEST(Socks4ClientTest, RefusesTargetsThatTheProtocolCannotSay) {
  EXPECT_EQ(Socks4Client(Name("go.example"), {}, false).failure().cause, Cause::kNetUnreachable);
  EXPECT_EQ(Socks4Client(Address("2001:db8::1"), {}, true).failure().cause, Cause::kNetUnreachable);
  EXPECT_EQ(Socks4Client(Name("x.example"), std::string(256, 'u'), true).failure().cause,
            Cause::kAuthentication);
}

TEST(Socks4ClientTest, TellsRefusalsApart) {
  struct Case {
    std::string reply;
    Cause cause;
    unsigned code;
    Speaker speaker;
  };
  const Case cases[] = {
      {Raw("\x00\x5b\x00\x00\x00\x00\x00\x00"), Cause::kRefused, 91, Speaker::kTarget},
      {Raw("\x00\x5c\x00\x00\x00\x00\x00\x00"), Cause::kAuthentication, 92, Speaker::kHop},
      {Raw("\x00\x5d\x00\x00\x00\x00\x00\x00"), Cause::kAuthentication, 93, Speaker::kHop},
      {Raw("\x00\x5b"), Cause::kRefused, 91, Speaker::kTarget},
      {Raw("\x00\x00\x00\x00\x00\x00\x00\x00"), Cause::kNotTheProtocol, 0, Speaker::kHop},
      {Raw("\x05\xff"), Cause::kNotTheProtocol, 0, Speaker::kHop},
      {"HTTP/1.1 400 Bad Request\r\n\r\n", Cause::kNotTheProtocol, 0, Speaker::kHop},
  };
  for (const Case& c : cases) {
    const Outcome got = Ask(Address("192.0.2.7"), c.reply);
    EXPECT_EQ(got.step, Step::kFailed) << c.reply;
    EXPECT_EQ(got.cause, c.cause) << c.reply;
    EXPECT_EQ(got.code, c.code) << c.reply;
    EXPECT_EQ(got.speaker, c.speaker) << c.reply;
  }
}

TEST(Socks4ClientTest, FailsAtTheEndOfTheProxysBytes) {
  for (size_t size = 0; size < kGranted.size(); ++size) {
    const Outcome got = Ask(Address("192.0.2.7"), kGranted.substr(0, size), true);
    EXPECT_EQ(got.cause, Cause::kClosedEarly) << size;
  }
}

}  // namespace
}  // namespace protocol
