#include "protocol/socks5_client.h"

#include <array>
#include <vector>

#include "driver.h"

namespace protocol {
namespace {

using base::Cause;
using Speaker = base::Failure::Speaker;

base::Endpoint Name(std::string_view name, uint16_t port = 443) {
  return *base::Endpoint::FromName(name, port);
}

base::Endpoint Address(std::string_view text, uint16_t port = 443) {
  return base::Endpoint(*base::IpAddress::Parse(text), port);
}

Socks5Client Anonymous() { return Socks5Client(Name("go.example"), {}, {}); }
Socks5Client WithPassword() { return Socks5Client(Name("go.example"), "alice", "secret"); }

const std::string kMethodNone = Raw("\x05\x00");
const std::string kMethodPassword = Raw("\x05\x02");
const std::string kAccepted = Raw("\x01\x00");
const std::string kReplyV4 = Raw("\x05\x00\x00\x01\x7f\x00\x00\x01\x04\x38");
const std::string kRequest = Raw("\x05\x01\x00\x03\x0ago.example\x01\xbb");

TEST(Socks5ClientTest, ConnectsByNameWithoutCredentials) {
  const Outcome got = DriveEveryWay(Anonymous(), kMethodNone + kReplyV4);
  EXPECT_EQ(got.step, Step::kDone);
  EXPECT_EQ(got.sent, Raw("\x05\x01\x00") + kRequest);
}

TEST(Socks5ClientTest, WritesIpv4TargetAsFourBytes) {
  const Socks5Client client(Address("192.0.2.7", 80), {}, {});
  const Outcome got = DriveEveryWay(client, kMethodNone + kReplyV4);
  EXPECT_EQ(got.step, Step::kDone);
  EXPECT_EQ(got.sent, Raw("\x05\x01\x00\x05\x01\x00\x01\xc0\x00\x02\x07\x00\x50"));
}

TEST(Socks5ClientTest, WritesIpv6TargetAsSixteenBytes) {
  const Socks5Client client(Address("2001:db8::1", 65535), {}, {});
  const Outcome got = DriveEveryWay(client, kMethodNone + kReplyV4);
  EXPECT_EQ(got.step, Step::kDone);
  EXPECT_EQ(got.sent, Raw("\x05\x01\x00\x05\x01\x00\x04\x20\x01\x0d\xb8\x00\x00\x00\x00"
                          "\x00\x00\x00\x00\x00\x00\x00\x01\xff\xff"));
}

TEST(Socks5ClientTest, WritesLongestName) {
  const std::string name = std::string(63, 'a') + '.' + std::string(63, 'b') + '.' +
                           std::string(63, 'c') + '.' + std::string(61, 'd');
  ASSERT_EQ(name.size(), base::kMaxNameLength);
  const Outcome got = DriveEveryWay(Socks5Client(Name(name), {}, {}), kMethodNone + kReplyV4);
  EXPECT_EQ(got.step, Step::kDone);
  EXPECT_EQ(got.sent, Raw("\x05\x01\x00\x05\x01\x00\x03\xfd") + name + Raw("\x01\xbb"));
}

TEST(Socks5ClientTest, OffersPasswordOnlyWithCredentials) {
  const Outcome got = DriveEveryWay(WithPassword(), kMethodPassword + kAccepted + kReplyV4);
  EXPECT_EQ(got.step, Step::kDone);
  EXPECT_EQ(got.sent, Raw("\x05\x02\x00\x02\x01\x05"
                          "alice\x06secret") +
                          kRequest);
}

TEST(Socks5ClientTest, KeepsPasswordToItselfWhereProxyWantsNone) {
  const Outcome got = DriveEveryWay(WithPassword(), kMethodNone + kReplyV4);
  EXPECT_EQ(got.step, Step::kDone);
  EXPECT_EQ(got.sent.find("secret"), std::string::npos);
}

TEST(Socks5ClientTest, SendsCredentialsOf255Bytes) {
  const std::string user(255, 'u');
  const std::string password(255, 'p');
  const Outcome got = DriveEveryWay(Socks5Client(Name("x"), user, password),
                                    kMethodPassword + kAccepted + kReplyV4);
  EXPECT_EQ(got.step, Step::kDone);
  EXPECT_NE(got.sent.find(Raw("\x01\xff") + user + Raw("\xff") + password), std::string::npos);
}

TEST(Socks5ClientTest, RefusesCredentialsOver255BytesBeforeSending) {
  const std::string tooLong(256, 'x');
  for (const auto& [user, password] : {std::pair(tooLong, std::string()), {"u", tooLong}}) {
    const Outcome got = DriveEveryWay(Socks5Client(Name("x"), user, password), "");
    EXPECT_EQ(got.cause, Cause::kAuthentication);
    EXPECT_EQ(got.sent, "");
  }
}

TEST(Socks5ClientTest, TakesBoundAddressOfEachTypeExactly) {
  const std::string replies[] = {
      kReplyV4,
      Raw("\x05\x00\x00\x04") + std::string(18, '\x09'),
      Raw("\x05\x00\x00\x03\x00\x12\x34"),
      Raw("\x05\x00\x00\x03\x01x\x12\x34"),
      Raw("\x05\x00\x00\x03\xff") + std::string(257, 'n'),
  };
  for (const std::string& reply : replies) {
    const std::string handshake = kMethodNone + reply;
    const Outcome got = DriveEveryWay(Anonymous(), handshake + "SSH-2.0-tunnel");
    EXPECT_EQ(got.step, Step::kDone);
    EXPECT_EQ(got.taken, handshake.size()) << "type " << int{reply[3]};
  }
}

TEST(Socks5ClientTest, StaysOpenAtEveryTruncation) {
  const std::string peer = kMethodPassword + kAccepted + kReplyV4;
  for (size_t size = 0; size < peer.size(); ++size) {
    EXPECT_EQ(DriveEveryWay(WithPassword(), peer.substr(0, size)).step, Step::kReceive) << size;
    EXPECT_EQ(DriveEveryWay(WithPassword(), peer.substr(0, size), true).cause, Cause::kClosedEarly)
        << size;
  }
}

TEST(Socks5ClientTest, MapsReplyCodes) {
  struct Row {
    unsigned code;
    Cause cause;
    Speaker speaker;
    const char* detail;
  };
  constexpr Row kRows[] = {
      {1, Cause::kHostUnreachable, Speaker::kTarget, "SOCKS reply 1: general failure"},
      {2, Cause::kForbidden, Speaker::kHop, "SOCKS reply 2: not allowed by ruleset"},
      {3, Cause::kNetUnreachable, Speaker::kTarget, ""},
      {4, Cause::kHostUnreachable, Speaker::kTarget, ""},
      {5, Cause::kRefused, Speaker::kTarget, ""},
      {6, Cause::kTimedOut, Speaker::kTarget, "SOCKS reply 6: TTL expired"},
      {7, Cause::kForbidden, Speaker::kHop, "SOCKS reply 7: command not supported"},
      {8, Cause::kNetUnreachable, Speaker::kHop, "SOCKS reply 8: address type not supported"},
      {9, Cause::kRefused, Speaker::kTarget, "SOCKS reply 9: unassigned code"},
      {255, Cause::kRefused, Speaker::kTarget, "SOCKS reply 255: unassigned code"},
  };
  for (const Row& row : kRows) {
    std::string reply = Raw("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00");
    reply[1] = static_cast<char>(row.code);
    const std::string early = kMethodNone + reply.substr(0, 2);
    const Outcome got = Drive(
        Anonymous(), kMethodNone + reply, [](size_t) { return 1; }, 99, false);
    EXPECT_EQ(got.cause, row.cause) << row.code;
    EXPECT_EQ(got.speaker, row.speaker) << row.code;
    EXPECT_EQ(got.code, row.code);
    EXPECT_EQ(got.detail, row.detail);
    // A proxy that closes behind the code has still said why.
    EXPECT_EQ(DriveEveryWay(Anonymous(), early, true).cause, row.cause) << row.code;
  }
}

TEST(Socks5ClientTest, TakesGeneralFailureForAddressAsRefusal) {
  const Socks5Client client(Address("192.0.2.7"), {}, {});
  EXPECT_EQ(DriveEveryWay(client, kMethodNone + Raw("\x05\x01")).cause, Cause::kRefused);
}

TEST(Socks5ClientTest, ReportsUnacceptableMethodsAsAuthentication) {
  const Outcome anonymous = DriveEveryWay(Anonymous(), Raw("\x05\xff"));
  EXPECT_EQ(anonymous.cause, Cause::kAuthentication);
  EXPECT_NE(anonymous.detail.find("no credentials given"), std::string::npos);
  const Outcome known = DriveEveryWay(WithPassword(), Raw("\x05\xff"));
  EXPECT_EQ(known.cause, Cause::kAuthentication);
  EXPECT_EQ(known.detail.find("no credentials given"), std::string::npos);
}

TEST(Socks5ClientTest, ReportsRefusedCredentials) {
  const Outcome got = DriveEveryWay(WithPassword(), kMethodPassword + Raw("\x01\x01"));
  EXPECT_EQ(got.cause, Cause::kAuthentication);
  EXPECT_EQ(got.speaker, Speaker::kHop);
  EXPECT_NE(got.detail.find("credentials refused"), std::string::npos);
}

TEST(Socks5ClientTest, RejectsMethodThatWasNotOffered) {
  EXPECT_EQ(DriveEveryWay(Anonymous(), kMethodPassword).cause, Cause::kNotTheProtocol);
  EXPECT_EQ(DriveEveryWay(WithPassword(), Raw("\x05\x01")).cause, Cause::kNotTheProtocol);
}

TEST(Socks5ClientTest, RejectsReplyWithWrongVersion) {
  EXPECT_EQ(DriveEveryWay(Anonymous(), Raw("\x04\x00")).cause, Cause::kNotTheProtocol);
  EXPECT_EQ(DriveEveryWay(WithPassword(), kMethodPassword + Raw("\x02\x00")).cause,
            Cause::kNotTheProtocol);
  EXPECT_EQ(DriveEveryWay(Anonymous(), kMethodNone + Raw("\x04\x00")).cause,
            Cause::kNotTheProtocol);
}

TEST(Socks5ClientTest, AcceptsSocksVersionInPasswordVerdict) {
  const Outcome got = DriveEveryWay(WithPassword(), kMethodPassword + Raw("\x05\x00") + kReplyV4);
  EXPECT_EQ(got.step, Step::kDone);
}

TEST(Socks5ClientTest, RejectsUnknownBoundAddressType) {
  const Outcome got = DriveEveryWay(Anonymous(), kMethodNone + Raw("\x05\x00\x00\x02\x00\x00\x00"));
  EXPECT_EQ(got.cause, Cause::kNotTheProtocol);
}

TEST(Socks5ClientTest, NamesHttpWhereAnHttpProxyAnswers) {
  const Outcome got = Drive(
      Anonymous(), "HTTP/1.0 400 Bad Request\r\n\r\n", [](size_t) { return 1; }, 99, false);
  EXPECT_EQ(got.cause, Cause::kNotTheProtocol);
  EXPECT_NE(got.detail.find("HTTP"), std::string::npos);
}

// All in one piece, as `client` would have said it.
Socks5Client Ahead(Socks5Client client, Socks5Method method, const std::string& sent) {
  std::array<uint8_t, 1024> out;
  const size_t size = client.WriteAhead(method, out);
  EXPECT_EQ(Text(std::span(out).first(size)), sent);
  return client;
}

const std::string kCredentials = Raw("\x01\x05") + "alice" + Raw("\x06") + "secret";

TEST(Socks5ClientTest, SaysAllAheadOfTheAnswers) {
  const Socks5Client client =
      Ahead(Anonymous(), Socks5Method::kNone, Raw("\x05\x01\x00") + kRequest);
  const Outcome got = DriveEveryWay(client, kMethodNone + kReplyV4);
  EXPECT_EQ(got.step, Step::kDone);
  EXPECT_EQ(got.sent, "");
  EXPECT_EQ(got.taken, kMethodNone.size() + kReplyV4.size());
}

TEST(Socks5ClientTest, SaysThePasswordAheadAndNoOtherMethod) {
  const Socks5Client client =
      Ahead(WithPassword(), Socks5Method::kPassword, Raw("\x05\x01\x02") + kCredentials + kRequest);
  EXPECT_EQ(DriveEveryWay(client, kMethodPassword + kAccepted + kReplyV4).step, Step::kDone);
  const Outcome refused = DriveEveryWay(client, kMethodPassword + Raw("\x01\x01"));
  EXPECT_EQ(refused.cause, Cause::kAuthentication);
  EXPECT_EQ(refused.detail, "SOCKS5: credentials refused");
}

TEST(Socks5ClientTest, ConnectsAnewWhereAnotherMethodIsChosen) {
  const Socks5Client password =
      Ahead(WithPassword(), Socks5Method::kPassword, Raw("\x05\x01\x02") + kCredentials + kRequest);
  EXPECT_EQ(DriveEveryWay(password, kMethodNone).step, Step::kReconnect);
  EXPECT_EQ(DriveEveryWay(password, Raw("\x05\xff")).step, Step::kReconnect);
  const Socks5Client none =
      Ahead(WithPassword(), Socks5Method::kNone, Raw("\x05\x01\x00") + kRequest);
  EXPECT_EQ(DriveEveryWay(none, Raw("\x05\xff")).step, Step::kReconnect);
}

TEST(Socks5ClientTest, FailsAheadAsOtherwiseWhereItHasNoCredentials) {
  const Socks5Client client =
      Ahead(Anonymous(), Socks5Method::kNone, Raw("\x05\x01\x00") + kRequest);
  for (const std::string& answer : {Raw("\x05\xff"), Raw("\x05\x02"), Raw("HT")}) {
    const Outcome ahead = DriveEveryWay(client, answer);
    const Outcome other = DriveEveryWay(Anonymous(), answer);
    EXPECT_EQ(ahead.step, Step::kFailed);
    EXPECT_EQ(ahead.cause, other.cause);
    EXPECT_EQ(ahead.detail, other.detail);
  }
}

TEST(Socks5ClientTest, SaysOneThingAfterTheOtherWhereThereIsNoRoom) {
  const size_t whole = 3 + kRequest.size();
  std::vector<uint8_t> out(whole);
  for (size_t room = 0; room < whole; ++room) {
    Socks5Client client = Anonymous();
    EXPECT_EQ(client.WriteAhead(Socks5Method::kNone, std::span(out).first(room)), 0u);
    EXPECT_EQ(DriveEveryWay(client, kMethodNone + kReplyV4).sent, Raw("\x05\x01\x00") + kRequest);
  }
  Socks5Client client = Anonymous();
  EXPECT_EQ(client.WriteAhead(Socks5Method::kNone, out), whole);
}

TEST(Socks5ClientTest, CountsARefusalAsAnAnswerToTheRequestAlone) {
  const auto answered = [](std::string_view answer) {
    Socks5Client client = Anonymous();
    client.WasSentAhead(Socks5Method::kNone);
    client.Feed(Bytes(answer));
    client.FeedEnd();
    return client.answered();
  };
  EXPECT_FALSE(answered(Raw("\x05\xff")));
  EXPECT_FALSE(answered(kMethodNone));
  EXPECT_TRUE(answered(kMethodNone + Raw("\x05\x02")));
}

TEST(Socks5ClientTest, EndsBeforeTheRequestWhereItOnlyGreets) {
  for (const bool has_password : {false, true}) {
    Socks5Client client = has_password ? WithPassword() : Anonymous();
    client.GreetOnly();
    const Outcome got =
        DriveEveryWay(client, has_password ? kMethodPassword + kAccepted : kMethodNone);
    EXPECT_EQ(got.step, Step::kDone);
    EXPECT_EQ(got.sent.find(kRequest), std::string::npos);
  }
}

TEST(Socks5ClientTest, FailsTheGreetingAsItWouldTheConnect) {
  Socks5Client client = WithPassword();
  client.GreetOnly();
  EXPECT_EQ(DriveEveryWay(client, kMethodPassword + Raw("\x01\x01")).cause, Cause::kAuthentication);
}

TEST(Socks5ClientTest, SaysTheRequestAloneWhereAnotherHasGreeted) {
  for (const Socks5Method method : {Socks5Method::kNone, Socks5Method::kPassword}) {
    Socks5Client client = WithPassword();
    client.WasGreeted(method);
    const Outcome got = DriveEveryWay(client, kReplyV4);
    EXPECT_EQ(got.step, Step::kDone);
    EXPECT_EQ(got.sent, kRequest);
    EXPECT_EQ(client.method(), method);
  }
}

TEST(Socks5ClientTest, SaysTheRequestAheadWhereAnotherHasGreeted) {
  Socks5Client client = Anonymous();
  client.WasGreeted(Socks5Method::kNone);
  std::array<uint8_t, 64> room;
  const size_t size = client.WriteAhead(Socks5Method::kNone, room);
  EXPECT_EQ(std::string(room.begin(), room.begin() + static_cast<std::ptrdiff_t>(size)), kRequest);
  EXPECT_EQ(DriveEveryWay(client, kReplyV4).step, Step::kDone);
}

}  // namespace
}  // namespace protocol
