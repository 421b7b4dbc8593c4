#include "protocol/digest_auth.h"

#include <array>
#include <string>

#include "driver.h"

namespace protocol {
namespace {

HttpChallenge Challenge(std::string_view header) {
  HttpOffers offers;
  offers.Read(header, false);
  EXPECT_EQ(offers.best().scheme, HttpScheme::kDigest);
  return offers.best();
}

constexpr char kRealmAndNonce[] =
    "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", "
    "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
    "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"";
const HttpCredentials kMufasa{"Mufasa", "Circle of Life"};
constexpr char kCnonce[] = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

std::string Response(const std::string& header, const HttpCredentials& credentials,
                     const DigestRequest& request) {
  std::array<char, Hash::kMaxHex> out;
  return std::string(DigestResponse(Challenge(header), credentials, request, out));
}

TEST(DigestAuthTest, GivesTheResponsesOfRfc7616) {
  const DigestRequest request{"GET", "/dir/index.html", kCnonce, 1};
  EXPECT_EQ(Response(std::string(kRealmAndNonce) + ", algorithm=MD5", kMufasa, request),
            "8ca523f5e9506fed4657c9700eebdbec");
  EXPECT_EQ(Response(std::string(kRealmAndNonce) + ", algorithm=SHA-256", kMufasa, request),
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
}

TEST(DigestAuthTest, GivesTheResponseOfRfc2617) {
  EXPECT_EQ(Response("Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", "
                     "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"",
                     {"Mufasa", "Circle Of Life"}, {"GET", "/dir/index.html", "0a4f113b", 1}),
            "6629fae49393a05397450978507c4ef1");
}

TEST(DigestAuthTest, GivesTheResponseOfRfc2069WithoutQop) {
  // With the erratum 749 of that RFC.
  EXPECT_EQ(Response("Digest realm=\"testrealm@host.com\", "
                     "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"",
                     {"Mufasa", "CircleOfLife"}, {"GET", "/dir/index.html", "", 1}),
            "1949323746fe6a43ef61f9606e7febea");
}

std::string Written(const std::string& header, const HttpCredentials& credentials,
                    uint32_t nonce_count) {
  HttpChallenge challenge = Challenge(header);
  challenge.client_nonce.fill(0xab);
  std::array<char, 2048> buffer;
  base::TextWriter out(buffer);
  WriteDigest(out, challenge, credentials, "CONNECT", "go.example:443", nonce_count);
  return std::string(out.view());
}

TEST(DigestAuthTest, WritesWhatItWasAskedFor) {
  // The responses were worked out apart, by Python's hashlib.
  EXPECT_EQ(Written("Digest realm=\"r\", nonce=\"n\", qop=auth, opaque=\"o\", algorithm=SHA-256",
                    {"alice", "secret"}, 0x1f),
            "Digest username=\"alice\", realm=\"r\", nonce=\"n\", uri=\"go.example:443\", "
            "response=\"de5be98a114b59e98c3bea5c153bf92e7aa3e2ab67c8eac8601a1e4655b97f94\", "
            "algorithm=SHA-256, opaque=\"o\", qop=auth, nc=0000001f, "
            "cnonce=\"abababababababababababababababab\"");
  EXPECT_EQ(Written("Digest realm=\"r\", nonce=\"n\"", {"alice", "secret"}, 1),
            "Digest username=\"alice\", realm=\"r\", nonce=\"n\", uri=\"go.example:443\", "
            "response=\"a854df2d54935c567278c2726acae44f\"");
  EXPECT_EQ(
      Written("Digest realm=\"r\", nonce=\"n\", qop=auth, algorithm=MD5-sess", {"alice", "secret"},
              1),
      "Digest username=\"alice\", realm=\"r\", nonce=\"n\", uri=\"go.example:443\", "
      "response=\"531b83f9949751d6823156a02f23cddb\", algorithm=MD5-sess, qop=auth, nc=00000001, "
      "cnonce=\"abababababababababababababababab\"");
}

TEST(DigestAuthTest, WritesTheUsersHashWhereItIsWanted) {
  const std::string got =
      Written("Digest realm=\"r\", nonce=\"n\", userhash=true, algorithm=SHA-256",
              {"Jäsøn Doe", "secret"}, 1);
  EXPECT_TRUE(got.starts_with(
      "Digest username=\"91e702702279fa375d7b8ba1a48d59cb25af8f489363b01bcb9f50fe050aebef\", "))
      << got;
  EXPECT_TRUE(got.ends_with(", userhash=true")) << got;
}

TEST(DigestAuthTest, EscapesTheUserAndLeavesTheRealmAsItCame) {
  const std::string got =
      Written("Digest realm=\"a\\\"b\", nonce=\"n\"", {"al\"ic\\e", "secret"}, 1);
  EXPECT_TRUE(got.starts_with("Digest username=\"al\\\"ic\\\\e\", realm=\"a\\\"b\", nonce=\"n\", "))
      << got;
}

}  // namespace
}  // namespace protocol
