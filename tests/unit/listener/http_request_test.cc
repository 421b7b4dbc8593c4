#include "listener/http_request.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace listener {
namespace {

std::string Text(const base::Endpoint& endpoint) {
  std::array<char, base::kMaxEndpointText> text;
  return std::string(endpoint.Text(text));
}

int StatusOf(std::string_view head) {
  Request request;
  return ReadHttpRequest(head, &request).status;
}

Request Read(std::string_view head) {
  Request request;
  EXPECT_EQ(ReadHttpRequest(head, &request).status, 0) << head;
  return request;
}

// What becomes of a request with these lines between the first and the empty one.
std::string Sent(const std::string& line, const std::string& fields = "") {
  return Read(line + "\r\n" + fields + "\r\n").head;
}

TEST(HttpRequestTest, TakesConnectForATunnel) {
  const Request request = Read("CONNECT Pkg.Example:443 HTTP/1.1\r\nHost: other\r\n\r\n");
  EXPECT_EQ(request.protocol, Protocol::kConnect);
  EXPECT_EQ(Text(request.target), "pkg.example:443");
  EXPECT_EQ(Text(Read("CONNECT 192.0.2.7:22 HTTP/1.0\r\n\r\n").target), "192.0.2.7:22");
  EXPECT_EQ(Text(Read("CONNECT [2001:db8::1]:22 HTTP/1.1\n\n").target), "[2001:db8::1]:22");
}

TEST(HttpRequestTest, RefusesConnectWithoutHostOrPort) {
  for (const std::string target :
       {"pkg.example", "pkg.example:", "pkg.example:0", ":443", "pkg.example:65536", "2001:db8::1",
        "[2001:db8::1]", "[2001:db8::1]x:1", "http://pkg.example:80", "a/b:443", "*"}) {
    EXPECT_EQ(StatusOf("CONNECT " + target + " HTTP/1.1\r\n\r\n"), 400) << target;
  }
}

TEST(HttpRequestTest, SendsTheOriginItsOwnForm) {
  const Request request = Read("GET http://Web.Example/a?b=c#d HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(request.protocol, Protocol::kHttp);
  EXPECT_EQ(Text(request.target), "web.example:80");
  EXPECT_EQ(request.head, "GET /a?b=c HTTP/1.1\r\nHost: Web.Example\r\nConnection: close\r\n\r\n");
}

TEST(HttpRequestTest, FindsHostPortAndPathInAUrl) {
  EXPECT_EQ(Text(Read("GET HTTP://[2001:db8::1]:8080/ HTTP/1.1\r\n\r\n").target),
            "[2001:db8::1]:8080");
  EXPECT_EQ(Text(Read("GET http://a.example: HTTP/1.1\r\n\r\n").target), "a.example:80");
  EXPECT_EQ(Sent("GET http://me:secret@a.example:81 HTTP/1.0"),
            "GET / HTTP/1.0\r\nHost: a.example:81\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(Sent("GET http://a.example?x HTTP/1.1"),
            "GET /?x HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(Sent("OPTIONS http://a.example HTTP/1.1"),
            "OPTIONS * HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n");
}

TEST(HttpRequestTest, KeepsWhatIsForThisHopFromTheOrigin) {
  EXPECT_EQ(Sent("GET http://a.example/ HTTP/1.1",
                 "Accept: */*\r\nProxy-Connection: keep-alive\r\nconnection: X-Own, close\r\n"
                 "X-Own: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\nUpgrade: h2c\r\n"
                 "Proxy-Authorization: Basic YTpi\r\nX-Other:  2 \r\n"),
            "GET / HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\nX-Other: 2\r\n"
            "Connection: close\r\n\r\n");
}

TEST(HttpRequestTest, LeavesTheFramingAsTheBodyIs) {
  EXPECT_EQ(
      Sent("PUT http://a.example/ HTTP/1.1", "Connection: Content-Length\r\nContent-Length: 3\r\n"),
      "PUT / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\n"
      "Connection: close\r\n\r\n");
  using State = supervisor::Gate::State;
  EXPECT_EQ(Read("GET http://a.example/ HTTP/1.1\r\n\r\n").body.state(), State::kShut);
  EXPECT_EQ(Read("PUT http://a.example/ HTTP/1.1\r\nContent-Length: 3\r\n\r\n").body.state(),
            State::kOpen);
  EXPECT_EQ(
      Read("PUT http://a.example/ HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n").body.state(),
      State::kOpen);
}

TEST(HttpRequestTest, RefusesABodyOfTwoLengths) {
  for (const std::string fields :
       {"Content-Length: 3\r\nContent-Length: 4\r\n", "Content-Length: -1\r\n",
        "Content-Length: 3, 3\r\n", "Content-Length:\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"}) {
    EXPECT_EQ(StatusOf("PUT http://a.example/ HTTP/1.1\r\n" + fields + "\r\n"), 400) << fields;
  }
  EXPECT_EQ(StatusOf("PUT http://a.example/ HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
  EXPECT_EQ(StatusOf("PUT http://a.example/ HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"),
            501);
}

TEST(HttpRequestTest, RefusesWhatIsNoHead) {
  for (const std::string head :
       {"GET\r\n\r\n", "GET http://a.example/\r\n\r\n", "G(T http://a.example/ HTTP/1.1\r\n\r\n",
        "GET  HTTP/1.1\r\n\r\n", "GET http://a.example/ b HTTP/1.1\r\n\r\n",
        "GET http://a.example/\x01 HTTP/1.1\r\n\r\n", "GET http:///a HTTP/1.1\r\n\r\n",
        "GET http://a.example/ HTTP/1.1\r\nX\r\n\r\n",
        "GET http://a.example/ HTTP/1.1\r\nX : y\r\n\r\n",
        "GET http://a.example/ HTTP/1.1\r\nX: y\r\n z\r\n\r\n",
        "GET http://a.example/ HTTP/1.1\r\nX: y\rz\r\n\r\n",
        "GET http://a.example/ HTTP/1.1\r\n: y\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET a.example:80 HTTP/1.1\r\n\r\n"}) {
    EXPECT_EQ(StatusOf(head), 400) << head;
  }
  EXPECT_EQ(StatusOf("GET https://a.example/ HTTP/1.1\r\n\r\n"), 501);
  EXPECT_EQ(StatusOf("GET ftp://a.example/ HTTP/1.1\r\n\r\n"), 501);
  EXPECT_EQ(StatusOf("GET http://a.example/ HTTP/2.0\r\n\r\n"), 505);
}

}  // namespace
}  // namespace listener
