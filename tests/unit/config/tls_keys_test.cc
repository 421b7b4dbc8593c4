#include "config/tls_keys.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "../temp_folder.h"
#include "rules_text.h"

namespace config {
namespace {

constexpr const char* kCertificate = "-----BEGIN CERTIFICATE-----\n";
constexpr const char* kKey = "-----BEGIN PRIVATE KEY-----\n";

class TlsKeysTest : public testing::Test {
 protected:
  TlsKeysTest() {
    Write("ca.pem", kCertificate, 0644);
    Write("me.pem", kCertificate, 0644);
    Write("me.key", kKey, 0600);
  }

  void Write(const std::string& name, const std::string& text, mode_t mode) {
    std::ofstream(folder_ / name) << text;
    chmod((folder_ / name).c_str(), mode);
  }
  Inputs With(const std::string& lines) {
    Write("p.conf", "[proxy p]\nurl = https://proxy.example\n" + lines, 0600);
    Inputs inputs;
    inputs.file = folder_ / "p.conf";
    return inputs;
  }
  std::string Warnings(const std::string& lines) {
    std::string out;
    const BuiltText built(With(lines));
    for (const Diagnostic& warning : built.built().warnings) {
      std::string text = warning.Text();
      for (size_t at; (at = text.find(folder_ / "")) != std::string::npos;) {
        text.erase(at, (folder_ / "").size());
      }
      out += text + "\n";
    }
    return out;
  }

  TempFolder folder_;
};

TEST_F(TlsKeysTest, AreFullPathsInTheImage) {
  const BuiltText built(With("ca_file = ca.pem\nclient_cert = ./me.pem\nclient_key = me.key\n"));
  ASSERT_TRUE(built.ok()) << built.Complaints();
  const Proxy& proxy = built.config().proxies()[0];
  EXPECT_EQ(built.Text(proxy.ca_file), folder_ / "ca.pem");
  EXPECT_EQ(built.Text(proxy.client_cert), folder_ / "./me.pem");
  EXPECT_EQ(built.Text(proxy.client_key), folder_ / "me.key");
  EXPECT_FALSE(proxy.insecure);
}

TEST_F(TlsKeysTest, AreFullPathsWhereTheRulesFileHasNone) {
  char before[4096];
  ASSERT_NE(getcwd(before, sizeof before), nullptr);
  Inputs inputs = With("ca_file = ca.pem\n");
  ASSERT_EQ(chdir((folder_ / "").c_str()), 0);
  inputs.file = "p.conf";
  char folder[4096];
  EXPECT_NE(getcwd(folder, sizeof folder), nullptr);
  const BuiltText built(inputs);
  EXPECT_EQ(chdir(before), 0);
  ASSERT_TRUE(built.ok()) << built.Complaints();
  EXPECT_EQ(built.Text(built.config().proxies()[0].ca_file), std::string(folder) + "/ca.pem");
}

TEST_F(TlsKeysTest, TakeTheKeyFromTheCertificatesFile) {
  Write("me.pem", std::string(kCertificate) + kKey, 0600);
  const BuiltText built(With("client_cert = me.pem\n"));
  ASSERT_TRUE(built.ok()) << built.Complaints();
  EXPECT_EQ(built.Text(built.config().proxies()[0].client_cert), folder_ / "me.pem");
  EXPECT_EQ(built.config().proxies()[0].client_key.size, 0u);
}

TEST_F(TlsKeysTest, WarnOfKeysThatOthersCanRead) {
  const std::string lines = "client_cert = me.pem\nclient_key = me.key\n";
  EXPECT_EQ(Warnings(lines), "");
  Write("me.key", kKey, 0640);
  EXPECT_EQ(Warnings(lines),
            "p.conf:4: warning: others can read this private key (chmod 600 me.key)\n");
  Write("me.pem", std::string(kCertificate) + kKey, 0644);
  EXPECT_EQ(Warnings("client_cert = me.pem\n"),
            "p.conf:3: warning: others can read this private key (chmod 600 me.pem)\n");
}

TEST_F(TlsKeysTest, WarnOfWhoTakesAnyCertificate) {
  EXPECT_EQ(Warnings("insecure = no\n"), "");
  EXPECT_EQ(Warnings("insecure = yes\n"),
            "p.conf:3: warning: any certificate will do for proxy.example: whoever is on the way "
            "can read and change what it carries\n");
  const BuiltText built(With("insecure = yes\n"));
  ASSERT_TRUE(built.ok());
  EXPECT_TRUE(built.config().proxies()[0].insecure);
}

}  // namespace
}  // namespace config
