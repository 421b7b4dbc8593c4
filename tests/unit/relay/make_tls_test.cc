#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>

#include "../temp_folder.h"
#include "base/clock.h"
#include "config/image_writer.h"
#include "engine/session.h"
#include "relay/dialer.h"
#include "relay/hop_services.h"
#include "tls_server.h"

namespace relay {
namespace {

class MakeTlsTest : public testing::Test {
 protected:
  MakeTlsTest() {
    authority_.WriteCertificate(folder_ / "ca.pem");
    config::ImageWriter image;
    config::Proxy proxy;
    proxy.type = config::ProxyType::kHttps;
    proxy.host = image.AddText("proxy.example");
    proxy.port = 443;
    proxy.ca_file = image.AddText(folder_ / "ca.pem");
    image.AddProxy(proxy);
    auto created = engine::Session::Create({}, image.Finish(), {});
    EXPECT_TRUE(created.ok());
    session_ = std::make_unique<engine::Session>(created->session);
    dialer_ = std::make_unique<Dialer>(*session_);
    path_.Add(0);
  }

  std::unique_ptr<Stream> Make(base::Fd fd, int64_t patience_ms) {
    const Patience patience(program_.ours.get());
    failed_ = {};
    const int64_t deadline_ms = base::NowMs() + patience_ms;
    return MakeTls({.dialer = *dialer_,
                    .config = session_->config(),
                    .path = path_,
                    .hop = 0,
                    .patience = patience,
                    .deadline_ms = deadline_ms,
                    .limit_ms = deadline_ms},
                   std::make_unique<PairStream>(std::move(fd)), &failed_);
  }
  std::string Words() const {
    std::array<char, 512> buffer;
    return std::string(Describe(failed_.failure, "target", buffer));
  }

  TempFolder folder_;
  Identity authority_{{.name = "Corp CA", .is_authority = true}};
  std::unique_ptr<engine::Session> session_;
  std::unique_ptr<Dialer> dialer_;
  chain::Path path_;
  Pair program_;
  HopFailure failed_;
};

TEST_F(MakeTlsTest, PutsTlsOnTopOfTheStream) {
  const Identity proxy({.name = "x", .alternatives = "DNS:proxy.example"}, &authority_);
  Pair pair;
  TlsServer server(std::move(pair.theirs), {.identity = &proxy},
                   [](SSL* ssl) { SSL_write(ssl, "hi", 2); });
  const auto stream = Make(std::move(pair.ours), 60000);
  ASSERT_NE(stream, nullptr) << Words();
  EXPECT_FALSE(stream->is_plain());
  server.Join();
  std::array<uint8_t, 10> buffer;
  EXPECT_EQ(stream->Receive(buffer, false), 2);
}

TEST_F(MakeTlsTest, SaysWhyThereIsNone) {
  const Identity proxy({.name = "x", .alternatives = "DNS:other.example"}, &authority_);
  Pair pair;
  TlsServer server(std::move(pair.theirs), {.identity = &proxy});
  EXPECT_EQ(Make(std::move(pair.ours), 60000), nullptr);
  EXPECT_EQ(Words(), "certificate is for other.example, not proxy.example");
}

TEST_F(MakeTlsTest, WaitsNoLongerThanItMay) {
  Pair pair;
  EXPECT_EQ(Make(std::move(pair.ours), 50), nullptr);
  EXPECT_EQ(Words(), "timed out (in the TLS handshake)");
}

TEST_F(MakeTlsTest, EndsWhenTheProgramIsGone) {
  Pair pair;
  program_.theirs.Reset();
  const int64_t start_ms = base::NowMs();
  EXPECT_EQ(Make(std::move(pair.ours), 60000), nullptr);
  EXPECT_EQ(failed_.failure.cause, base::Cause::kNone);
  EXPECT_LT(base::NowMs() - start_ms, 30000);
}

}  // namespace
}  // namespace relay
