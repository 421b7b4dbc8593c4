#include "protocol/http_reply_head.h"

#include <array>

#include "driver.h"

namespace protocol {
namespace {

using State = HttpReplyHead::State;

struct Parsed {
  HttpReplyHead head;
  size_t taken = 0;
};

Parsed Parse(std::string_view text) {
  Parsed out;
  std::array<char, 2048> line;
  out.taken = out.head.Feed(Bytes(text), line);
  return out;
}

std::string Challenges(const std::string& headers) {
  const Parsed got = Parse("HTTP/1.1 407 Auth\r\n" + headers + "\r\n");
  EXPECT_EQ(got.head.state(), State::kComplete);
  return std::string(got.head.offers().summary());
}

TEST(HttpReplyHeadTest, ReadsStatusAndReason) {
  const Parsed got = Parse("HTTP/1.1 503 Service Unavailable\r\nServer: x\r\n\r\n");
  EXPECT_EQ(got.head.state(), State::kComplete);
  EXPECT_EQ(got.head.status(), 503u);
  EXPECT_EQ(got.head.reason(), "Service Unavailable");
}

TEST(HttpReplyHeadTest, EndsAtEmptyLineOfEitherKind) {
  for (const char* text : {"HTTP/1.0 200\r\n\r\n", "HTTP/1.0 200 \n\n", "HTTP/1.1 200 OK\nA: b\n\n",
                           "HTTP/1.1 200 OK\r\nA: b\n\r\n", "HTTP/1.1 200 OK\n\r\n"}) {
    const Parsed got = Parse(std::string(text) + "\r\nmore");
    EXPECT_EQ(got.head.state(), State::kComplete) << text;
    EXPECT_EQ(got.taken, std::string_view(text).size()) << text;
  }
}

TEST(HttpReplyHeadTest, DoesNotEndAtBareCarriageReturn) {
  EXPECT_EQ(Parse("HTTP/1.1 200 OK\r\rA: b\r\r\r").head.state(), State::kOpen);
}

TEST(HttpReplyHeadTest, DoesNotEndAtFoldedBlankLine) {
  const Parsed got = Parse("HTTP/1.1 200 OK\r\nA: b\r\n \r\nC: d\r\n\r\n");
  EXPECT_EQ(got.head.state(), State::kComplete);
  EXPECT_EQ(got.taken, 34u);
}

TEST(HttpReplyHeadTest, RejectsAtFirstByteThatIsNotHttp) {
  struct Row {
    const char* text;
    size_t taken;
  };
  constexpr Row kRows[] = {
      {"\x05", 1},           {"http/1.1 200 OK", 1}, {"\r\nHTTP/1.1 200 OK", 1},
      {"HTTP/x.1 200", 6},   {"HTTP/1.1\t200", 9},   {"HTTP/1.1 20\r\n", 12},
      {"HTTP/1.1 2000", 13}, {"HTTP/1.1 099 x", 10}, {"SSH-2.0-OpenSSH", 1},
      {"HTTP/1.1\r\n", 9},
  };
  for (const Row& row : kRows) {
    const Parsed got = Parse(row.text);
    EXPECT_EQ(got.head.state(), State::kNotHttp) << row.text;
    EXPECT_EQ(got.taken, row.taken) << row.text;
  }
}

TEST(HttpReplyHeadTest, SkipsInterimReplies) {
  const Parsed got = Parse(
      "HTTP/1.1 100 Continue\r\n\r\n"
      "HTTP/1.1 103 Early Hints\r\nProxy-Authenticate: Basic\r\nX-Squid-Error: a\r\n\r\n"
      "HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_EQ(got.head.state(), State::kComplete);
  EXPECT_EQ(got.head.status(), 200u);
  EXPECT_EQ(got.head.reason(), "OK");
  EXPECT_EQ(got.head.offers().summary(), "");
  EXPECT_EQ(got.head.error(), "");
}

TEST(HttpReplyHeadTest, RejectsRubbishBehindInterimReply) {
  EXPECT_EQ(Parse("HTTP/1.1 100 Continue\r\n\r\nSSH-2.0").head.state(), State::kNotHttp);
}

TEST(HttpReplyHeadTest, RejectsSwitchingProtocols) {
  EXPECT_EQ(Parse("HTTP/1.1 101 Switching Protocols\r\n\r\n").head.state(), State::kNotHttp);
}

TEST(HttpReplyHeadTest, ListsSchemesWithRealms) {
  EXPECT_EQ(Challenges("Proxy-Authenticate: Basic realm=\"x\"\r\n"), "Basic realm=\"x\"");
  EXPECT_EQ(Challenges("proxy-authenticate: Negotiate\r\nPROXY-AUTHENTICATE : NTLM\r\n"),
            "Negotiate, NTLM");
  EXPECT_EQ(Challenges("Proxy-Authenticate: Digest nonce=\"a, b=\\\"c\", realm=tok, qop=x, "
                       "Basic charset=\"UTF-8\", realm = \"p, q\"\r\n"),
            "Digest realm=tok, Basic realm=\"p, q\"");
  EXPECT_EQ(Challenges("Proxy-Authenticate:\r\n"), "");
  EXPECT_EQ(Challenges("Proxy-Authenticate: ,,\r\nBasic\r\n"), "");
}

TEST(HttpReplyHeadTest, UnfoldsHeaders) {
  EXPECT_EQ(Challenges("Proxy-Authenticate: Basic\r\n\t realm=\"x\"\r\n"), "Basic realm=\"x\"");
}

Parsed Refusal(const std::string& headers, const std::string& version = "1.1") {
  return Parse("HTTP/" + version + " 407 Auth\r\n" + headers + "\r\n");
}

TEST(HttpReplyHeadTest, KeepsTheBestOfAllChallenges) {
  const Parsed got = Refusal(
      "Proxy-Authenticate: Basic realm=\"x\"\r\n"
      "Proxy-Authenticate: Digest realm=\"x\", nonce=\"n\"\r\n"
      "Proxy-Authenticate: Negotiate\r\n");
  EXPECT_EQ(got.head.offers().best().scheme, HttpScheme::kDigest);
  EXPECT_EQ(got.head.offers().best().nonce(), "n");
}

TEST(HttpReplyHeadTest, ForgetsChallengesOfInterimReplies) {
  const Parsed got = Parse(
      "HTTP/1.1 103 x\r\nProxy-Authenticate: Basic\r\nContent-Length: 5\r\nConnection: "
      "close\r\n\r\n"
      "HTTP/1.1 407 x\r\n\r\n");
  EXPECT_EQ(got.head.offers().best().scheme, HttpScheme::kNone);
  EXPECT_FALSE(got.head.offers().Has(HttpScheme::kBasic));
  EXPECT_EQ(got.head.framing(), HttpReplyHead::Framing::kUntilClose);
  EXPECT_TRUE(got.head.stays_open());
}

TEST(HttpReplyHeadTest, LeavesOutTheChallengeThatALongLineCuts) {
  const Parsed got =
      Refusal("Proxy-Authenticate: Basic realm=\"x\", Digest nonce=\"n\", opaque=\"" +
              std::string(3000, 'o') + "\"\r\n");
  EXPECT_EQ(got.head.offers().best().scheme, HttpScheme::kBasic);
}

TEST(HttpReplyHeadTest, ReadsTheNextNonce) {
  EXPECT_EQ(
      Parse("HTTP/1.1 200 OK\r\nProxy-Authentication-Info: qop=auth, nextnonce=\"n,2\"\r\n\r\n")
          .head.next_nonce(),
      "n,2");
  EXPECT_EQ(
      Parse("HTTP/1.1 200 OK\r\nProxy-Authentication-Info: qop=auth\r\n\r\n").head.next_nonce(),
      "");
}

TEST(HttpReplyHeadTest, SaysHowTheContentEnds) {
  using Framing = HttpReplyHead::Framing;
  struct Row {
    const char* headers;
    Framing framing;
  };
  constexpr Row kRows[] = {
      {"", Framing::kUntilClose},
      {"Content-Length: 42\r\n", Framing::kByLength},
      {"Content-Length: 42\r\nCONTENT-LENGTH: 42\r\n", Framing::kByLength},
      {"Content-Length: 42\r\nContent-Length: 43\r\n", Framing::kUntilClose},
      {"Content-Length: -1\r\n", Framing::kUntilClose},
      {"Content-Length: 99999999999999999999999999\r\n", Framing::kUntilClose},
      {"Content-Length:\r\n", Framing::kUntilClose},
      {"Transfer-Encoding: Chunked\r\n", Framing::kChunked},
      {"Transfer-Encoding: chunked\r\nContent-Length: 42\r\n", Framing::kChunked},
      {"Transfer-Encoding: gzip\r\nContent-Length: 42\r\n", Framing::kUntilClose},
      {"Transfer-Encoding: gzip, chunked\r\n", Framing::kUntilClose},
  };
  for (const Row& row : kRows) {
    const Parsed got = Refusal(row.headers);
    EXPECT_EQ(got.head.framing(), row.framing) << row.headers;
    EXPECT_TRUE(row.framing != Framing::kByLength || got.head.content_length() == 42);
  }
}

TEST(HttpReplyHeadTest, SaysWhetherTheConnectionStaysOpen) {
  struct Row {
    const char* version;
    const char* headers;
    bool stays_open;
  };
  constexpr Row kRows[] = {
      {"1.1", "", true},
      {"1.0", "", false},
      {"1.1", "Connection: close\r\n", false},
      {"1.1", "Connection: x, Close\r\n", false},
      {"1.1", "Proxy-Connection: close\r\n", false},
      {"1.0", "Connection: keep-alive\r\n", true},
      {"1.0", "Proxy-Connection: Keep-Alive\r\n", true},
      {"1.0", "Proxy-Connection: Keep-Alive\r\nConnection: close\r\n", false},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ(Refusal(row.headers, row.version).head.stays_open(), row.stays_open)
        << row.version << row.headers;
  }
}

TEST(HttpReplyHeadTest, KeepsTheProxysOwnError) {
  EXPECT_EQ(Parse("HTTP/1.1 503 x\r\nX-Squid-Error: ERR_CONNECT_FAIL 111\r\n\r\n").head.error(),
            "ERR_CONNECT_FAIL 111");
  EXPECT_EQ(Parse("HTTP/1.1 502 x\r\nProxy-Status: p; error=dns_error; rcode=\"NX\"\r\n\r\n")
                .head.error(),
            "dns_error");
}

TEST(HttpReplyHeadTest, CutsLongTextWithoutLosingTheEnd) {
  const std::string text = "HTTP/1.1 503 " + std::string(5000, 'r') +
                           "\r\nX-Squid-Error: " + std::string(5000, 'e') +
                           "\r\nProxy-Authenticate: " + std::string(5000, 'c') + "\r\n\r\n";
  const Parsed got = Parse(text + "tunnel");
  EXPECT_EQ(got.head.state(), State::kComplete);
  EXPECT_EQ(got.taken, text.size());
  EXPECT_EQ(got.head.reason(), std::string(48, 'r'));
}

TEST(HttpReplyHeadTest, TakesHeadOf64KiBAndNoByteMore) {
  const std::string start = "HTTP/1.1 200 OK\r\nX: ";
  const std::string end = "\r\n\r\n";
  const size_t filler = HttpReplyHead::kMaxSize - start.size() - end.size();
  EXPECT_EQ(Parse(start + std::string(filler, 'x') + end).head.state(), State::kComplete);
  EXPECT_EQ(Parse(start + std::string(filler + 1, 'x') + end).head.state(), State::kTooLong);
}

TEST(HttpReplyHeadTest, CountsInterimRepliesAgainstTheLimit) {
  std::string endless;
  while (endless.size() <= HttpReplyHead::kMaxSize) endless += "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_EQ(Parse(endless).head.state(), State::kTooLong);
}

}  // namespace
}  // namespace protocol
