#include "protocol/http_reply_head.h"

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
  out.taken = out.head.Feed(Bytes(text));
  return out;
}

std::string Challenges(const std::string& headers) {
  const Parsed got = Parse("HTTP/1.1 407 Auth\r\n" + headers + "\r\n");
  EXPECT_EQ(got.head.state(), State::kComplete);
  return std::string(got.head.challenges());
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
  EXPECT_EQ(got.head.challenges(), "");
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

TEST(HttpReplyHeadTest, KnowsWhetherBasicIsOffered) {
  EXPECT_TRUE(Parse("HTTP/1.1 407 x\r\nProxy-Authenticate: NTLM, bAsIc realm=x\r\n\r\n")
                  .head.offers_basic());
  EXPECT_FALSE(Parse("HTTP/1.1 407 x\r\nProxy-Authenticate: Digest realm=\"Basic\"\r\n\r\n")
                   .head.offers_basic());
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
