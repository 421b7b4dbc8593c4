#include "relay/negotiation.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <atomic>
#include <memory>
#include <string>

#include "base/clock.h"
#include "config/image_writer.h"
#include "engine/session.h"
#include "relay/dialer.h"
#include "relay/hop_services.h"

namespace relay {
namespace {

using base::Cause;

constexpr int kLongMs = 20000;

bool BecomesReadable(int fd, int timeout_ms) {
  pollfd watched{fd, POLLIN, 0};
  return poll(&watched, 1, timeout_ms) == 1;
}

GssToken Bytes(const std::string& host) { return {.bytes = host, .trouble = {}}; }
GssToken Trouble(const std::string&) { return {.bytes = {}, .trouble = "Ticket\nexpired"}; }

// Answers when its owner has given up.
std::atomic<bool> may_go_on = false;
std::atomic<bool> has_gone_on = false;
GssToken Late(const std::string&) {
  may_go_on.wait(false);
  has_gone_on = true;
  has_gone_on.notify_all();
  return {.bytes = "late", .trouble = {}};
}

class LateNegotiation : public Negotiation {
 public:
  LateNegotiation() : Negotiation("gate.example", Late) {}
  static void Begin() { may_go_on = has_gone_on = false; }
  static void End() {
    may_go_on = true;
    may_go_on.notify_all();
    has_gone_on.wait(false);
  }
};

std::string TokenOf(const std::string& host) {
  const Negotiation negotiation(host, Bytes);
  EXPECT_TRUE(BecomesReadable(negotiation.fd(), kLongMs));
  EXPECT_TRUE(negotiation.done());
  EXPECT_FALSE(negotiation.failure());
  return std::string(negotiation.token());
}

// RFC 4648 §10, and bytes over 127.
TEST(NegotiationTest, WritesItsTokenInBase64) {
  EXPECT_EQ(TokenOf("f"), "Zg==");
  EXPECT_EQ(TokenOf("fo"), "Zm8=");
  EXPECT_EQ(TokenOf("foo"), "Zm9v");
  EXPECT_EQ(TokenOf("foobar"), "Zm9vYmFy");
  EXPECT_EQ(TokenOf("\xfb\xff\xfe"), "+//+");
}

TEST(NegotiationTest, SaysWhyThereIsNoToken) {
  const Negotiation negotiation("gate.example", Trouble);
  ASSERT_TRUE(BecomesReadable(negotiation.fd(), kLongMs));
  ASSERT_TRUE(negotiation.done());
  EXPECT_EQ(negotiation.failure().cause, Cause::kAuthentication);
  EXPECT_EQ(negotiation.failure().detail_text(), "Kerberos: Ticket?expired");
  EXPECT_EQ(negotiation.token(), "");
}

TEST(NegotiationTest, IsNotWaitedForByAnOwnerThatGoes) {
  LateNegotiation::Begin();
  {
    const LateNegotiation negotiation;
    EXPECT_FALSE(negotiation.done());
    EXPECT_FALSE(BecomesReadable(negotiation.fd(), 20));
  }
  LateNegotiation::End();
}

// One hop gate.example, at work for a program at the other end of a pair of sockets.
class MakeNegotiateTokenTest : public ::testing::Test {
 protected:
  MakeNegotiateTokenTest() {
    config::ImageWriter writer;
    config::Proxy proxy;
    proxy.name = writer.AddText("gate");
    proxy.host = writer.AddText("gate.example");
    proxy.port = 8080;
    proxy.auth = config::Auth::kNegotiate;
    path_.Add(writer.AddProxy(proxy));
    image_ = writer.Finish();
    auto created = engine::Session::Create({}, image_, {});
    EXPECT_TRUE(created.ok());
    session_ = std::make_unique<engine::Session>(created->session);
    dialer_ = std::make_unique<Dialer>(*session_);
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    program_.Reset(ends[0]);
    ours_.Reset(ends[1]);
    patience_ = Patience(ends[1]);
  }

  HopAtWork Hop(int timeout_ms) {
    const int64_t deadline_ms = base::NowMs() + timeout_ms;
    return {*dialer_, dialer_->config(), path_, 0, patience_, deadline_ms, deadline_ms};
  }

  bool WaitForLate(int timeout_ms) {
    LateNegotiation::Begin();
    const bool came = WaitForToken(LateNegotiation(), Hop(timeout_ms), &token_, &failed_);
    LateNegotiation::End();
    return came;
  }

  std::vector<uint8_t> image_;
  std::unique_ptr<engine::Session> session_;
  std::unique_ptr<Dialer> dialer_;
  chain::Path path_;
  base::Fd program_;
  base::Fd ours_;
  Patience patience_{-1};
  std::string token_;
  HopFailure failed_;
};

TEST_F(MakeNegotiateTokenTest, SaysInGssapisWordsThatThereIsNoTicket) {
  setenv("KRB5CCNAME", "FILE:/no/such/cache", 1);
  setenv("KRB5_CONFIG", "/dev/null", 1);
  EXPECT_FALSE(MakeNegotiateToken(Hop(kLongMs), &token_, &failed_));
  EXPECT_EQ(failed_.failure.cause, Cause::kAuthentication);
  EXPECT_EQ(failed_.failure.detail_text(),
            "Kerberos: No Kerberos credentials available (default cache: FILE:/no/such/cache)");
  EXPECT_EQ(token_, "");
}

TEST_F(MakeNegotiateTokenTest, EndsWithTheProgram) {
  program_.Reset();
  EXPECT_FALSE(WaitForLate(kLongMs));
  EXPECT_EQ(failed_.failure.cause, Cause::kNone);
}

TEST_F(MakeNegotiateTokenTest, EndsAtTheDeadline) {
  EXPECT_FALSE(WaitForLate(50));
  EXPECT_EQ(failed_.failure.cause, Cause::kTimedOut);
}

}  // namespace
}  // namespace relay
