#include "relay/tls_context.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "../temp_folder.h"
#include "config/image_writer.h"
#include "identity.h"

namespace relay {
namespace {

class TlsContextTest : public testing::Test {
 protected:
  // What is wrong with these options; "" where nothing is.
  static std::string Complaint(const TlsOptions& options) {
    base::Failure failure;
    if (TlsContext::Make(options, &failure) != nullptr) {
      return "";
    }
    EXPECT_EQ(failure.cause, base::Cause::kConfigUnusable);
    return std::string(failure.detail_text());
  }

  TempFolder folder_;
  Identity alice_{{.name = "alice"}};
  Identity bob_{{.name = "bob"}};
};

TEST_F(TlsContextTest, SaysWhichFileIsOfNoUse) {
  const std::string missing = folder_ / "missing.pem";
  std::ofstream(folder_ / "empty.pem") << "\n";
  alice_.WriteCertificate(folder_ / "alice.pem");
  alice_.WriteKey(folder_ / "alice.key");
  bob_.WriteKey(folder_ / "bob.key");
  EXPECT_EQ(Complaint({.host = "h"}), "");
  EXPECT_EQ(Complaint({.host = "h", .ca_file = folder_ / "alice.pem"}), "");
  EXPECT_EQ(Complaint({.host = "h", .ca_file = missing}),
            "ca_file missing.pem: No such file or directory");
  EXPECT_EQ(Complaint({.host = "h", .ca_file = folder_ / "empty.pem"}),
            "ca_file empty.pem: no certificate or crl found");
  EXPECT_EQ(Complaint({.host = "h", .client_cert = folder_ / "empty.pem"}),
            "client_cert empty.pem: no start line");
  EXPECT_EQ(
      Complaint(
          {.host = "h", .client_cert = folder_ / "alice.pem", .client_key = folder_ / "alice.key"}),
      "");
  EXPECT_EQ(
      Complaint(
          {.host = "h", .client_cert = folder_ / "alice.pem", .client_key = folder_ / "bob.key"}),
      "client_key bob.key: key values mismatch");
}

TEST_F(TlsContextTest, TakesCertificateAndKeyFromOneFile) {
  alice_.WriteCertificate(folder_ / "alice.pem");
  EXPECT_NE(Complaint({.host = "h", .client_cert = folder_ / "alice.pem"}), "");
  alice_.WriteKey(folder_ / "alice.key");
  std::ofstream(folder_ / "alice.pem", std::ios::app)
      << std::ifstream(folder_ / "alice.key").rdbuf();
  EXPECT_EQ(Complaint({.host = "h", .client_cert = folder_ / "alice.pem"}), "");
}

TEST_F(TlsContextTest, NeverAsksForAPassphrase) {
  alice_.WriteCertificate(folder_ / "alice.pem");
  alice_.WriteKey(folder_ / "alice.key", "secret");
  EXPECT_EQ(
      Complaint(
          {.host = "h", .client_cert = folder_ / "alice.pem", .client_key = folder_ / "alice.key"}),
      "client_key alice.key: bad decrypt");
}

TEST_F(TlsContextTest, IsMadeOncePerProxyAndAgainWhenAFileHasChanged) {
  alice_.WriteCertificate(folder_ / "ca.pem");
  const auto write = [this](const Identity& identity) {
    identity.WriteCertificate(folder_ / "new.pem");
    rename((folder_ / "new.pem").c_str(), (folder_ / "ca.pem").c_str());
  };
  config::ImageWriter image;
  config::Proxy proxy;
  proxy.type = config::ProxyType::kHttps;
  proxy.host = image.AddText("h.example");
  proxy.port = 443;
  proxy.ca_file = image.AddText(folder_ / "ca.pem");
  image.AddProxy(proxy);
  image.AddProxy(proxy);
  const std::vector<uint8_t> bytes = image.Finish();
  const config::Config config = config::Config::FromImage(bytes).value();

  TlsContexts contexts;
  base::Failure failure;
  const auto first = contexts.Get(config, 0, &failure);
  ASSERT_NE(first, nullptr) << failure.detail_text();
  EXPECT_EQ(first->options().host, "h.example");
  EXPECT_EQ(contexts.Get(config, 0, &failure), first);
  EXPECT_NE(contexts.Get(config, 1, &failure), first);
  write(bob_);
  const auto second = contexts.Get(config, 0, &failure);
  EXPECT_NE(second, nullptr);
  EXPECT_NE(second, first);
  unlink((folder_ / "ca.pem").c_str());
  EXPECT_EQ(contexts.Get(config, 0, &failure), nullptr);
  EXPECT_EQ(contexts.Get(config, 0, &failure), nullptr);
  write(alice_);
  EXPECT_NE(contexts.Get(config, 0, &failure), nullptr);
}

}  // namespace
}  // namespace relay
