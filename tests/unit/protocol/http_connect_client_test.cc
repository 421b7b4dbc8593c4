#include "protocol/http_connect_client.h"

#include "driver.h"

namespace protocol {
namespace {

using base::Cause;
using Speaker = base::Failure::Speaker;

base::Endpoint Name(std::string_view name, uint16_t port = 443) {
  return *base::Endpoint::FromName(name, port);
}

HttpConnectClient Anonymous() { return HttpConnectClient(Name("go.example"), {}, {}); }
HttpConnectClient WithPassword() {
  return HttpConnectClient(Name("go.example"), "alice", "secret");
}

const std::string kOk = "HTTP/1.1 200 Connection established\r\n\r\n";

TEST(HttpConnectClientTest, ConnectsByName) {
  const Outcome got = DriveEveryWay(Anonymous(), kOk);
  EXPECT_EQ(got.step, Step::kDone);
  EXPECT_EQ(got.sent, "CONNECT go.example:443 HTTP/1.1\r\nHost: go.example:443\r\n\r\n");
}

TEST(HttpConnectClientTest, WritesIpv4Target) {
  const HttpConnectClient client({*base::IpAddress::Parse("192.0.2.7"), 22}, {}, {});
  EXPECT_EQ(DriveEveryWay(client, kOk).sent,
            "CONNECT 192.0.2.7:22 HTTP/1.1\r\nHost: 192.0.2.7:22\r\n\r\n");
}

TEST(HttpConnectClientTest, WritesIpv6TargetInBrackets) {
  const HttpConnectClient client({*base::IpAddress::Parse("2001:db8::1"), 443}, {}, {});
  EXPECT_EQ(DriveEveryWay(client, kOk).sent,
            "CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n");
}

TEST(HttpConnectClientTest, SendsBasicCredentialsWithEveryPadding) {
  struct Row {
    const char* user;
    const char* password;
    const char* basic;
  };
  constexpr Row kRows[] = {
      {"Aladdin", "open sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},  // RFC 7617 §2
      {"alice", "secret", "YWxpY2U6c2VjcmV0"},
      {"a", "\xc3\xa9\xff", "YTrDqf8="},
      {"", "p", "OnA="},
      {"u", "", "dTo="},
  };
  for (const Row& row : kRows) {
    const HttpConnectClient client(Name("x", 1), row.user, row.password);
    EXPECT_EQ(DriveEveryWay(client, kOk).sent,
              std::string("CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\nProxy-Authorization: Basic ") +
                  row.basic + "\r\n\r\n");
  }
}

TEST(HttpConnectClientTest, SendsATokenOfAnyLength) {
  for (const size_t size : {1u, 4u, 3000u, 80000u}) {
    const std::string token(size, 'T');
    const HttpConnectClient client(Name("x", 1), token);
    EXPECT_EQ(DriveEveryWay(client, kOk).sent,
              "CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\nProxy-Authorization: Negotiate " + token +
                  "\r\n\r\n");
  }
}

TEST(HttpConnectClientTest, SaysThatATokenIsRefused) {
  const Outcome got = DriveEveryWay(HttpConnectClient(Name("x", 1), "TOKEN"),
                                    "HTTP/1.1 407 Auth\r\nProxy-Authenticate: Negotiate\r\n\r\n");
  EXPECT_EQ(got.cause, Cause::kAuthentication);
  EXPECT_EQ(got.detail, "HTTP 407: Negotiate; Kerberos ticket refused");
}

TEST(HttpConnectClientTest, WritesLongestRequest) {
  const std::string name(base::kMaxNameLength, 'n');
  const std::string password(999, 'p');
  const Outcome got = DriveEveryWay(HttpConnectClient(Name(name, 65535), "u", password), kOk);
  EXPECT_EQ(got.step, Step::kDone);
  EXPECT_TRUE(got.sent.ends_with("\r\n\r\n"));
}

TEST(HttpConnectClientTest, RefusesCredentialsItCannotCarry) {
  const std::string long_password(1000, 'p');
  EXPECT_EQ(DriveEveryWay(HttpConnectClient(Name("x"), "u", long_password), "").cause,
            Cause::kAuthentication);
  const Outcome colon = DriveEveryWay(HttpConnectClient(Name("x"), "a:b", "p"), "");
  EXPECT_EQ(colon.cause, Cause::kAuthentication);
  EXPECT_EQ(colon.sent, "");
}

TEST(HttpConnectClientTest, RefusesNameThatWouldChangeTheRequest) {
  for (const char* name : {"a:22", "a/b", "a@b", "a?b", "a#b", "[a]", "a\\b", "a\"b", "<a>"}) {
    const Outcome got = DriveEveryWay(HttpConnectClient(Name(name), {}, {}), "");
    EXPECT_EQ(got.cause, Cause::kHostUnreachable) << name;
    EXPECT_EQ(got.sent, "") << name;
  }
}

TEST(HttpConnectClientTest, TakesAny2xx) {
  for (const char* reply :
       {"HTTP/1.0 200 OK\r\n\r\n", "HTTP/1.1 200\r\n\r\n", "HTTP/1.1 204 No Content\n\n",
        "HTTP/1.1 299 Odd\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"}) {
    EXPECT_EQ(DriveEveryWay(Anonymous(), reply).step, Step::kDone) << reply;
  }
}

TEST(HttpConnectClientTest, LeavesWhatFollowsTheHeadToTheTunnel) {
  for (const char* tunnel : {"SSH-2.0-OpenSSH\r\n", "\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"}) {
    const Outcome got = DriveEveryWay(Anonymous(), kOk + tunnel);
    EXPECT_EQ(got.step, Step::kDone);
    EXPECT_EQ(got.taken, kOk.size());
  }
}

TEST(HttpConnectClientTest, StaysOpenAtEveryTruncation) {
  for (size_t size = 0; size < kOk.size(); ++size) {
    EXPECT_EQ(DriveEveryWay(Anonymous(), kOk.substr(0, size)).step, Step::kReceive) << size;
    EXPECT_EQ(DriveEveryWay(Anonymous(), kOk.substr(0, size), true).cause, Cause::kClosedEarly);
  }
}

TEST(HttpConnectClientTest, ReportsRefusalWithStatusReasonAndProxysError) {
  const std::string reply =
      "HTTP/1.1 503 Service Unavailable\r\nX-Squid-Error: ERR_CONNECT_FAIL 110\r\n"
      "Content-Length: 9\r\n\r\n";
  const Outcome got = DriveEveryWay(Anonymous(), reply + "<html>...");
  EXPECT_EQ(got.cause, Cause::kTimedOut);
  EXPECT_EQ(got.speaker, Speaker::kTarget);
  EXPECT_EQ(got.code, 503u);
  EXPECT_EQ(got.detail, "HTTP 503: Service Unavailable; ERR_CONNECT_FAIL 110");
  EXPECT_EQ(got.taken, reply.size()) << "the content isn't read";
}

TEST(HttpConnectClientTest, SaysForbidden) {
  const Outcome got = DriveEveryWay(Anonymous(), "HTTP/1.1 403\r\n\r\n");
  EXPECT_EQ(got.cause, Cause::kForbidden);
  EXPECT_EQ(got.speaker, Speaker::kHop);
  EXPECT_EQ(got.detail, "HTTP 403");
}

TEST(HttpConnectClientTest, TellsMissingFromRefusedCredentials) {
  const std::string reply =
      "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n";
  const Outcome missing = DriveEveryWay(Anonymous(), reply);
  EXPECT_EQ(missing.cause, Cause::kAuthentication);
  EXPECT_EQ(missing.detail, "HTTP 407: Basic realm=\"x\"; no credentials given");
  EXPECT_EQ(DriveEveryWay(WithPassword(), reply).detail,
            "HTTP 407: Basic realm=\"x\"; credentials refused");
}

TEST(HttpConnectClientTest, SaysWhereProxyDoesNotTakeBasic) {
  const Outcome got = DriveEveryWay(WithPassword(),
                                    "HTTP/1.1 407 Auth\r\nProxy-Authenticate: Negotiate\r\n"
                                    "Proxy-Authenticate: NTLM\r\n\r\n");
  EXPECT_EQ(got.detail, "HTTP 407: Negotiate, NTLM; only Basic is supported");
}

TEST(HttpConnectClientTest, EndsDetailOfLongChallengeWithTheVerdict) {
  const Outcome got =
      DriveEveryWay(Anonymous(), "HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic realm=\"" +
                                     std::string(400, 'r') + "\"\r\n\r\n");
  EXPECT_TRUE(got.detail.ends_with("; no credentials given")) << got.detail;
}

TEST(HttpConnectClientTest, ReplacesControlBytesOfTheReason) {
  const Outcome got = DriveEveryWay(Anonymous(), "HTTP/1.1 403 \x1b[31mred\r\n\r\n");
  EXPECT_EQ(got.detail, "HTTP 403: ?[31mred");
}

TEST(HttpConnectClientTest, RejectsReplyThatIsNotHttp) {
  const Outcome got = DriveEveryWay(Anonymous(), "SSH-2.0-OpenSSH_9.2\r\n");
  EXPECT_EQ(got.cause, Cause::kNotTheProtocol);
  EXPECT_EQ(got.taken, 1u);
}

TEST(HttpConnectClientTest, TakesHeadOf64KiBInPieces) {
  const std::string start = "HTTP/1.1 200 OK\r\nX-Filler: ";
  const std::string head =
      start + std::string(HttpReplyHead::kMaxSize - start.size() - 4, 'f') + "\r\n\r\n";
  for (const size_t piece : {size_t{1}, size_t{1000}, SIZE_MAX}) {
    const Outcome got = Drive(
        Anonymous(), head + "tunnel", [=](size_t) { return piece; }, SIZE_MAX, false);
    EXPECT_EQ(got.step, Step::kDone) << piece;
    EXPECT_EQ(got.taken, head.size()) << piece;
  }
}

TEST(HttpConnectClientTest, RejectsHeadOver64KiB) {
  const std::string endless = "HTTP/1.1 200 OK\r\nX: " + std::string(70000, 'x');
  const Outcome got = Drive(
      Anonymous(), endless, [](size_t) { return size_t{1000}; }, SIZE_MAX, false);
  EXPECT_EQ(got.cause, Cause::kNotTheProtocol);
  EXPECT_EQ(got.taken, HttpReplyHead::kMaxSize);
}

}  // namespace
}  // namespace protocol
