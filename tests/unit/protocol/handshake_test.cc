#include "protocol/handshake.h"

#include "driver.h"

namespace protocol {
namespace {

const base::Endpoint kTarget = *base::Endpoint::FromName("go.example", 443);

TEST(HandshakeTest, SpeaksTheProxysProtocol) {
  const Handshake socks(config::ProxyType::kSocks5, kTarget, {}, {}, {});
  EXPECT_EQ(Text(socks.Outgoing()), Raw("\x05\x01\x00"));
  const Handshake socks4a(config::ProxyType::kSocks4a, kTarget, {}, {}, {});
  EXPECT_EQ(socks4a.Outgoing()[0], 4);
  EXPECT_EQ(Handshake(config::ProxyType::kSocks4, kTarget, {}, {}, {}).step(), Step::kFailed);
  const Handshake http(config::ProxyType::kHttp, kTarget, {}, {}, {});
  EXPECT_TRUE(Text(http.Outgoing()).starts_with("CONNECT go.example:443 "));
}

TEST(HandshakeTest, ReachesTheTunnelThroughEither) {
  const Handshake socks(config::ProxyType::kSocks5, kTarget, {}, {}, {});
  const Outcome by_socks =
      DriveEveryWay(socks, Raw("\x05\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00") + "tunnel");
  EXPECT_EQ(by_socks.step, Step::kDone);
  EXPECT_EQ(by_socks.taken, 12u);
  const Handshake http(config::ProxyType::kHttp, kTarget, {}, {}, {});
  const Outcome by_http = DriveEveryWay(http, "HTTP/1.1 200 OK\r\n\r\ntunnel");
  EXPECT_EQ(by_http.step, Step::kDone);
  EXPECT_EQ(by_http.taken, 19u);
}

TEST(HandshakeTest, PassesFailureAndEndOfFileOn) {
  const Handshake http(config::ProxyType::kHttp, kTarget, {"u", "p", {}, config::Auth::kBasic}, {},
                       {});
  EXPECT_EQ(DriveEveryWay(http, "HTTP/1.1 403 No\r\n\r\n").cause, base::Cause::kForbidden);
  EXPECT_EQ(DriveEveryWay(http, "HTTP/1.1", true).cause, base::Cause::kClosedEarly);
}

}  // namespace
}  // namespace protocol
