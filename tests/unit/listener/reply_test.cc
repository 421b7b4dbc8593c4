#include "listener/reply.h"

#include <gtest/gtest.h>

#include <string>

#include "protocol/http_causes.h"

namespace listener {
namespace {

using base::Cause;
using base::Failure;

Request Of(Protocol protocol) {
  Request out;
  out.protocol = protocol;
  out.target = *base::Endpoint::FromName("pkg.example", 443);
  return out;
}

int Socks5CodeOf(Cause cause) { return FailedReply(Of(Protocol::kSocks5), {.cause = cause}).at(1); }

int StatusOf(const std::string& reply) { return std::stoi(reply.substr(9, 3)); }
int StatusOf(Cause cause) {
  return StatusOf(FailedReply(Of(Protocol::kConnect), {.cause = cause}));
}

TEST(ReplyTest, AcceptsInTheClientsProtocol) {
  EXPECT_EQ(AcceptedReply(Of(Protocol::kSocks5)), std::string("\5\0\0\1\0\0\0\0\0\0", 10));
  EXPECT_EQ(AcceptedReply(Of(Protocol::kSocks4)), std::string("\0\132\0\0\0\0\0\0", 8));
  EXPECT_EQ(AcceptedReply(Of(Protocol::kConnect)), "HTTP/1.1 200 Connection established\r\n\r\n");
  EXPECT_EQ(AcceptedReply(Of(Protocol::kHttp)), "");
}

TEST(ReplyTest, HasTheCodeOfEachCause) {
  struct Row {
    Cause cause;
    int socks;
    int status;
  };
  for (const Row& row :
       {Row{Cause::kRejected, 2, 403}, Row{Cause::kForbidden, 2, 403}, Row{Cause::kRefused, 5, 502},
        Row{Cause::kHostUnreachable, 4, 502}, Row{Cause::kNoSuchName, 4, 502},
        Row{Cause::kNetUnreachable, 3, 502}, Row{Cause::kTimedOut, 6, 504},
        Row{Cause::kAuthentication, 1, 502}, Row{Cause::kTlsName, 1, 502},
        Row{Cause::kClosedEarly, 1, 502}, Row{Cause::kLocal, 1, 500}, Row{Cause::kNone, 1, 500}}) {
    EXPECT_EQ(Socks5CodeOf(row.cause), row.socks) << static_cast<int>(row.cause);
    EXPECT_EQ(StatusOf(row.cause), row.status) << static_cast<int>(row.cause);
  }
  EXPECT_EQ(FailedReply(Of(Protocol::kSocks4), {.cause = Cause::kTimedOut}),
            std::string("\0\133\0\0\0\0\0\0", 8));
}

TEST(ReplyTest, SaysToAPersonWhatFailed) {
  EXPECT_EQ(FailedReply(Of(Protocol::kConnect), {.cause = Cause::kRejected}),
            "HTTP/1.1 403 Forbidden\r\nProxy-Status: gochain; error=http_request_denied\r\n"
            "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 43\r\n"
            "Connection: close\r\n\r\ngochain: pkg.example:443: rejected by rule\n");
}

TEST(ReplyTest, SaysNothingAfterTheHeadToHead) {
  Request request = Of(Protocol::kHttp);
  request.is_head = true;
  const std::string reply = FailedReply(request, {.cause = Cause::kRejected});
  EXPECT_TRUE(reply.ends_with("\r\n\r\n")) << reply;
}

// A gochain that has this one as its hop finds the cause again.
TEST(ReplyTest, TellsAnotherGochainTheCause) {
  for (const Cause cause : {Cause::kForbidden, Cause::kRefused, Cause::kHostUnreachable,
                            Cause::kNetUnreachable, Cause::kTimedOut}) {
    const std::string reply = FailedReply(Of(Protocol::kConnect), {.cause = cause});
    const size_t start = reply.find("error=") + 6;
    const std::string error = reply.substr(start, reply.find('\r', start) - start);
    EXPECT_EQ(protocol::JudgeHttpRefusal(static_cast<unsigned>(StatusOf(reply)), "", error).cause,
              cause)
        << reply;
  }
}

}  // namespace
}  // namespace listener
