#include "protocol/http_challenge.h"

#include <initializer_list>
#include <string>

#include "driver.h"

namespace protocol {
namespace {

HttpOffers Offers(std::initializer_list<const char*> headers,
                  config::Auth auth = config::Auth::kAny) {
  HttpOffers offers(auth);
  for (const char* header : headers) offers.Read(header, false);
  return offers;
}

TEST(HttpOffersTest, TakesTheStrongestWhateverTheOrder) {
  const char* const kAll[] = {"Basic realm=\"b\"", "Digest realm=\"d\", nonce=\"m\", algorithm=MD5",
                              "Digest realm=\"d\", nonce=\"s\", algorithm=SHA-256", "NTLM"};
  EXPECT_EQ(Offers({kAll[0], kAll[1]}).best().scheme, HttpScheme::kDigest);
  EXPECT_EQ(Offers({kAll[1], kAll[0]}).best().scheme, HttpScheme::kDigest);
  EXPECT_EQ(Offers({kAll[1], kAll[2]}).best().nonce(), "s");
  EXPECT_EQ(Offers({kAll[2], kAll[1]}).best().nonce(), "s");
  EXPECT_EQ(Offers({kAll[3], kAll[2], kAll[0]}).best().scheme, HttpScheme::kNtlm);
}

TEST(HttpOffersTest, SplitsListsOfChallenges) {
  const HttpOffers offers =
      Offers({"NTLM, Digest realm=\"a, Basic b\",\tnonce = \"n\\\",\" ,, qop=\"auth-int, auth\", "
              "opaque=o, "
              "Basic realm=\"x\", Negotiate YII="});
  EXPECT_TRUE(offers.Has(HttpScheme::kNtlm));
  EXPECT_TRUE(offers.Has(HttpScheme::kDigest));
  EXPECT_TRUE(offers.Has(HttpScheme::kBasic));
  EXPECT_TRUE(offers.Has(HttpScheme::kNegotiate));
  EXPECT_EQ(offers.summary(), "NTLM, Digest realm=\"a, Basic b\", Basic realm=\"x\", Negoti");
}

TEST(HttpOffersTest, ReadsDigest) {
  const HttpChallenge got =
      Offers({"dIgEsT REALM=\"a\\\"b, c\", nonce = \"n\", Opaque=\"o\", qop=\"auth-int,auth\", "
              "algorithm=sha-256-SESS, stale=TRUE, userhash=true, domain=\"/\""})
          .best();
  EXPECT_EQ(got.scheme, HttpScheme::kDigest);
  EXPECT_EQ(got.algorithm, DigestAlgorithm::kSha256Sess);
  EXPECT_EQ(got.realm(), "a\\\"b, c");
  EXPECT_EQ(got.nonce(), "n");
  EXPECT_EQ(got.opaque(), "o");
  EXPECT_TRUE(got.has_opaque && got.qop_auth && got.stale && got.user_hash && got.names_algorithm);
}

TEST(HttpOffersTest, ReadsDigestOfRfc2069) {
  const HttpChallenge got = Offers({"Digest realm=\"r\", nonce=\"n\""}).best();
  EXPECT_EQ(got.scheme, HttpScheme::kDigest);
  EXPECT_EQ(got.algorithm, DigestAlgorithm::kMd5);
  EXPECT_FALSE(got.has_opaque || got.qop_auth || got.stale || got.user_hash || got.names_algorithm);
}

TEST(HttpOffersTest, LeavesOutDigestsThatItCannotAnswer) {
  for (const char* header :
       {"Digest realm=\"r\"", "Digest realm=\"r\", nonce=\"n\", algorithm=SHA-1",
        "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"", "Digest",
        "Digest realm=\"r\x01\", nonce=\"n\""}) {
    const HttpOffers offers = Offers({header, "Basic realm=\"b\""});
    EXPECT_EQ(offers.best().scheme, HttpScheme::kBasic) << header;
    EXPECT_TRUE(offers.Has(HttpScheme::kDigest));
  }
  const std::string huge = "Digest realm=\"r\", nonce=\"" + std::string(1024, 'n') + "\"";
  EXPECT_EQ(Offers({huge.c_str()}).best().scheme, HttpScheme::kNone);
}

TEST(HttpOffersTest, ReadsNtlmMessage) {
  const HttpChallenge got = Offers({"NTLM TlRMTVNTUAACAAA="}).best();
  EXPECT_EQ(got.scheme, HttpScheme::kNtlm);
  EXPECT_EQ(Text(got.message()), Raw("NTLMSSP\0\2\0\0"));
  EXPECT_TRUE(Offers({"NTLM"}).best().message().empty());
  EXPECT_EQ(Offers({"NTLM !"}).best().scheme, HttpScheme::kNone);
}

TEST(HttpOffersTest, KeepsOnlyWhatIsAllowed) {
  using config::Auth;
  const auto best = [](Auth auth) {
    return Offers({"NTLM", "Digest realm=\"r\", nonce=\"n\"", "Basic", "Negotiate"}, auth)
        .best()
        .scheme;
  };
  EXPECT_EQ(best(Auth::kBasic), HttpScheme::kBasic);
  EXPECT_EQ(best(Auth::kDigest), HttpScheme::kDigest);
  EXPECT_EQ(best(Auth::kNtlm), HttpScheme::kNtlm);
  EXPECT_EQ(best(Auth::kNegotiate), HttpScheme::kNone);
  EXPECT_EQ(best(Auth::kAny), HttpScheme::kNtlm);
}

TEST(HttpChallengeTest, ReplacesTheNonceAlone) {
  HttpChallenge challenge;
  ASSERT_TRUE(challenge.SetDigestTexts("realm", "n", "opaque"));
  for (const char* nonce : {"a longer nonce", "short", ""}) {
    ASSERT_TRUE(challenge.SetNonce(nonce));
    EXPECT_EQ(challenge.realm(), "realm");
    EXPECT_EQ(challenge.nonce(), nonce);
    EXPECT_EQ(challenge.opaque(), "opaque");
  }
  EXPECT_FALSE(challenge.SetNonce(std::string(1024, 'n')));
  EXPECT_FALSE(challenge.SetNonce("a\r\nb"));
  EXPECT_EQ(challenge.opaque(), "opaque");
}

TEST(HttpChallengeTest, StaysWithinItselfWhateverItsSizesSay) {
  HttpChallenge challenge{};
  challenge.realm_size = challenge.nonce_size = challenge.opaque_size = 0xffff;
  EXPECT_EQ(challenge.realm(), "");
  EXPECT_EQ(challenge.nonce(), "");
  EXPECT_EQ(challenge.opaque(), "");
}

}  // namespace
}  // namespace protocol
