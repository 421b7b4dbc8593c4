#include "protocol/http_connect_client.h"

#include <initializer_list>
#include <string>
#include <vector>

#include "driver.h"

namespace protocol {
namespace {

using base::Cause;
using Speaker = base::Failure::Speaker;

base::Endpoint Name(std::string_view name, uint16_t port = 443) {
  return *base::Endpoint::FromName(name, port);
}

HttpConnectClient Anonymous() { return HttpConnectClient(Name("go.example"), {}); }
HttpConnectClient WithPassword(config::Auth auth = config::Auth::kAny) {
  return HttpConnectClient(Name("go.example"), {"alice", "secret", {}, auth});
}

const std::string kOk = "HTTP/1.1 200 Connection established\r\n\r\n";

TEST(HttpConnectClientTest, ConnectsByName) {
  const Outcome got = DriveEveryWay(Anonymous(), kOk);
  EXPECT_EQ(got.step, Step::kDone);
  EXPECT_EQ(got.sent, "CONNECT go.example:443 HTTP/1.1\r\nHost: go.example:443\r\n\r\n");
}

TEST(HttpConnectClientTest, WritesIpv4Target) {
  const HttpConnectClient client({*base::IpAddress::Parse("192.0.2.7"), 22}, {});
  EXPECT_EQ(DriveEveryWay(client, kOk).sent,
            "CONNECT 192.0.2.7:22 HTTP/1.1\r\nHost: 192.0.2.7:22\r\n\r\n");
}

TEST(HttpConnectClientTest, WritesIpv6TargetInBrackets) {
  const HttpConnectClient client({*base::IpAddress::Parse("2001:db8::1"), 443}, {});
  EXPECT_EQ(DriveEveryWay(client, kOk).sent,
            "CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n");
}

TEST(HttpConnectClientTest, SendsBasicCredentialsWithEveryPadding) {
  struct Row {
    const char* user;
    const char* password;
    const char* basic;
  };
  constexpr Row kRows[] = {
      {"Aladdin", "open sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},  // RFC 7617 §2
      {"alice", "secret", "YWxpY2U6c2VjcmV0"},
      {"a", "\xc3\xa9\xff", "YTrDqf8="},
      {"", "p", "OnA="},
      {"u", "", "dTo="},
  };
  for (const Row& row : kRows) {
    const HttpConnectClient client(Name("x", 1),
                                   {row.user, row.password, {}, config::Auth::kBasic});
    EXPECT_EQ(DriveEveryWay(client, kOk).sent,
              std::string("CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\nProxy-Authorization: Basic ") +
                  row.basic + "\r\n\r\n");
  }
}

// The second of two pieces would wait for the proxy's delayed acknowledgement.
TEST(HttpConnectClientTest, SendsARequestInOnePiece) {
  for (const HttpConnectClient& client : {Anonymous(), WithPassword(config::Auth::kBasic)}) {
    const auto piece = client.Outgoing();
    const std::string_view text(reinterpret_cast<const char*>(piece.data()), piece.size());
    EXPECT_TRUE(text.ends_with("\r\n\r\n")) << text;
  }
}

HttpCredentials WithToken(std::string_view token) {
  return {{}, {}, {}, config::Auth::kNegotiate, token};
}

TEST(HttpConnectClientTest, SendsATokenOfAnyLength) {
  for (const size_t size : {1u, 4u, 3000u, 80000u}) {
    const std::string token(size, 'T');
    const HttpConnectClient client(Name("x", 1), WithToken(token));
    EXPECT_EQ(DriveEveryWay(client, kOk).sent,
              "CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\nProxy-Authorization: Negotiate " + token +
                  "\r\n\r\n");
  }
}

TEST(HttpConnectClientTest, SaysThatATokenIsRefused) {
  const Outcome got = DriveEveryWay(HttpConnectClient(Name("x", 1), WithToken("TOKEN")),
                                    "HTTP/1.1 407 Auth\r\nProxy-Authenticate: Negotiate\r\n\r\n");
  EXPECT_EQ(got.cause, Cause::kAuthentication);
  EXPECT_EQ(got.detail, "HTTP 407: Negotiate; Kerberos ticket refused");
}

TEST(HttpConnectClientTest, WritesLongestRequest) {
  const std::string name(base::kMaxNameLength, 'n');
  const std::string password(999, 'p');
  const Outcome got = DriveEveryWay(
      HttpConnectClient(Name(name, 65535), {"u", password, {}, config::Auth::kBasic}), kOk);
  EXPECT_EQ(got.step, Step::kDone);
  EXPECT_TRUE(got.sent.ends_with("\r\n\r\n"));
}

TEST(HttpConnectClientTest, RefusesCredentialsItCannotCarry) {
  const std::string long_password(1000, 'p');
  EXPECT_EQ(DriveEveryWay(HttpConnectClient(Name("x"), {"u", long_password}), "").cause,
            Cause::kAuthentication);
  const Outcome colon = DriveEveryWay(HttpConnectClient(Name("x"), {"a:b", "p"}), "");
  EXPECT_EQ(colon.cause, Cause::kAuthentication);
  EXPECT_EQ(colon.sent, "");
}

TEST(HttpConnectClientTest, RefusesNameThatWouldChangeTheRequest) {
  for (const char* name : {"a:22", "a/b", "a@b", "a?b", "a#b", "[a]", "a\\b", "a\"b", "<a>"}) {
    const Outcome got = DriveEveryWay(HttpConnectClient(Name(name), {}), "");
    EXPECT_EQ(got.cause, Cause::kHostUnreachable) << name;
    EXPECT_EQ(got.sent, "") << name;
  }
}

TEST(HttpConnectClientTest, TakesAny2xx) {
  for (const char* reply :
       {"HTTP/1.0 200 OK\r\n\r\n", "HTTP/1.1 200\r\n\r\n", "HTTP/1.1 204 No Content\n\n",
        "HTTP/1.1 299 Odd\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"}) {
    EXPECT_EQ(DriveEveryWay(Anonymous(), reply).step, Step::kDone) << reply;
  }
}

TEST(HttpConnectClientTest, LeavesWhatFollowsTheHeadToTheTunnel) {
  for (const char* tunnel : {"SSH-2.0-OpenSSH\r\n", "\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"}) {
    const Outcome got = DriveEveryWay(Anonymous(), kOk + tunnel);
    EXPECT_EQ(got.step, Step::kDone);
    EXPECT_EQ(got.taken, kOk.size());
  }
}

TEST(HttpConnectClientTest, StaysOpenAtEveryTruncation) {
  for (size_t size = 0; size < kOk.size(); ++size) {
    EXPECT_EQ(DriveEveryWay(Anonymous(), kOk.substr(0, size)).step, Step::kReceive) << size;
    EXPECT_EQ(DriveEveryWay(Anonymous(), kOk.substr(0, size), true).cause, Cause::kClosedEarly);
  }
}

TEST(HttpConnectClientTest, ReportsRefusalWithStatusReasonAndProxysError) {
  const std::string reply =
      "HTTP/1.1 503 Service Unavailable\r\nX-Squid-Error: ERR_CONNECT_FAIL 110\r\n"
      "Content-Length: 9\r\n\r\n";
  const Outcome got = DriveEveryWay(Anonymous(), reply + "<html>...");
  EXPECT_EQ(got.cause, Cause::kTimedOut);
  EXPECT_EQ(got.speaker, Speaker::kTarget);
  EXPECT_EQ(got.code, 503u);
  EXPECT_EQ(got.detail, "HTTP 503: Service Unavailable; ERR_CONNECT_FAIL 110");
  EXPECT_EQ(got.taken, reply.size()) << "the content isn't read";
}

TEST(HttpConnectClientTest, SaysForbidden) {
  const Outcome got = DriveEveryWay(Anonymous(), "HTTP/1.1 403\r\n\r\n");
  EXPECT_EQ(got.cause, Cause::kForbidden);
  EXPECT_EQ(got.speaker, Speaker::kHop);
  EXPECT_EQ(got.detail, "HTTP 403");
}

TEST(HttpConnectClientTest, TellsMissingFromRefusedCredentials) {
  const std::string reply =
      "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n";
  const Outcome missing = DriveEveryWay(Anonymous(), reply);
  EXPECT_EQ(missing.cause, Cause::kAuthentication);
  EXPECT_EQ(missing.detail, "HTTP 407: Basic realm=\"x\"; no credentials given");
  EXPECT_EQ(DriveEveryWay(WithPassword(config::Auth::kBasic), reply).detail,
            "HTTP 407: Basic realm=\"x\"; credentials refused");
}

TEST(HttpConnectClientTest, HintsAtATicketWhereNothingElseIsTaken) {
  const std::string status = "HTTP/1.1 407 Auth\r\n";
  const std::string negotiate = "Proxy-Authenticate: Negotiate\r\n";
  EXPECT_EQ(DriveEveryWay(Anonymous(), status + negotiate + "\r\n").detail,
            "HTTP 407: Negotiate; no credentials given; auth = negotiate is needed");
  EXPECT_TRUE(DriveEveryWay(Anonymous(), status + negotiate + "Proxy-Authenticate: NTLM\r\n\r\n")
                  .detail.ends_with("; no credentials given"));
}

// The content has a blank line in it, as a head's end has.
const std::string kContent = "<html>\r\n\r\nno</html>";

std::string Refusal(std::initializer_list<const char*> challenges) {
  std::string out = "HTTP/1.1 407 Auth\r\n";
  for (const char* challenge : challenges) {
    out += std::string("Proxy-Authenticate: ") + challenge + "\r\n";
  }
  return out + "Content-Length: " + std::to_string(kContent.size()) + "\r\n\r\n" + kContent;
}

// The requests of `sent`, each by its Proxy-Authorization; "-" where it has none.
std::vector<std::string> Answers(const std::string& sent) {
  std::vector<std::string> out;
  size_t begin = 0;
  for (size_t end; (end = sent.find("\r\n\r\n", begin)) != std::string::npos; begin = end + 4) {
    const std::string request = sent.substr(begin, end + 2 - begin);
    EXPECT_TRUE(request.starts_with("CONNECT ")) << request;
    const std::string header = "\r\nProxy-Authorization: ";
    const size_t at = request.find(header);
    const size_t value = at + header.size();
    out.push_back(
        at == std::string::npos ? "-" : request.substr(value, request.find("\r\n", value) - value));
  }
  EXPECT_EQ(begin, sent.size());
  return out;
}

std::string SchemeOf(const std::string& answer) { return answer.substr(0, answer.find(' ')); }

constexpr char kDigest[] = "Digest realm=\"x\", nonce=\"n1\", qop=\"auth\"";
constexpr char kStale[] = "Digest realm=\"x\", nonce=\"n2\", qop=\"auth\", stale=true";
constexpr char kBasic[] = "Basic realm=\"x\"";
// The challenge of MS-NLMP §4.2.4.3.
constexpr char kNtlm[] =
    "NTLM "
    "TlRMTVNTUAACAAAADAAMADgAAAAzgoriASNFZ4mrze8AAAAAAAAAACQAJABEAAAABgBwFwAAAA9TAGUAcgB2AGUAcg"
    "ACAAwARABvAG0AYQBpAG4AAQAMAFMAZQByAHYAZQByAAAAAAA=";

TEST(HttpConnectClientTest, SendsNoPasswordBeforeItIsAsked) {
  const Outcome got = DriveEveryWay(WithPassword(), kOk);
  EXPECT_EQ(got.step, Step::kDone);
  EXPECT_EQ(got.sent,
            "CONNECT go.example:443 HTTP/1.1\r\nHost: go.example:443\r\n"
            "Proxy-Connection: Keep-Alive\r\n\r\n");
}

TEST(HttpConnectClientTest, AnswersTheStrongestChallengeOnTheSameConnection) {
  struct Row {
    std::initializer_list<const char*> challenges;
    const char* scheme;
  };
  const Row kRows[] = {{{kBasic}, "Basic"},
                       {{kBasic, kDigest, "Negotiate"}, "Digest"},
                       {{kBasic, "NTLM", kDigest}, "NTLM"},
                       {{}, "Basic"}};
  for (const Row& row : kRows) {
    const std::string peer = Refusal(row.challenges) + kOk;
    const Outcome got = DriveEveryWay(WithPassword(), peer + "tunnel");
    EXPECT_EQ(got.step, Step::kDone) << row.scheme;
    EXPECT_EQ(got.taken, peer.size()) << "the tunnel's bytes stay";
    const auto answers = Answers(got.sent);
    ASSERT_EQ(answers.size(), 2u);
    EXPECT_EQ(answers[0], "-");
    EXPECT_EQ(SchemeOf(answers[1]), row.scheme);
  }
}

TEST(HttpConnectClientTest, ReadsOverChunkedContent) {
  const Outcome got = DriveEveryWay(
      WithPassword(),
      "HTTP/1.1 407 x\r\nTransfer-Encoding: chunked\r\nProxy-Authenticate: Basic realm=x\r\n\r\n"
      "7\r\n<html>\n\r\n0\r\n\r\n" +
          kOk);
  EXPECT_EQ(got.step, Step::kDone);
  EXPECT_EQ(Answers(got.sent).back(), "Basic YWxpY2U6c2VjcmV0");
}

TEST(HttpConnectClientTest, AnswersTwiceForNtlm) {
  const Outcome got =
      DriveEveryWay(WithPassword(), Refusal({"NTLM", kBasic}) + Refusal({kNtlm}) + kOk);
  EXPECT_EQ(got.step, Step::kDone);
  const auto answers = Answers(got.sent);
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_EQ(answers[0], "-");
  EXPECT_TRUE(answers[1].starts_with("NTLM TlRMTVNTUAABAAAA")) << answers[1];
  EXPECT_TRUE(answers[2].starts_with("NTLM TlRMTVNTUAADAAAA")) << answers[2];
}

TEST(HttpConnectClientTest, BeginsWithNtlmWhereItIsTold) {
  const Outcome got = DriveEveryWay(WithPassword(config::Auth::kNtlm), Refusal({kNtlm}) + kOk);
  EXPECT_EQ(got.step, Step::kDone);
  EXPECT_EQ(Answers(got.sent).size(), 2u);
}

TEST(HttpConnectClientTest, TakesANewNonceWhereItsOwnIsStale) {
  const Outcome got = DriveEveryWay(WithPassword(), Refusal({kDigest}) + Refusal({kStale}) + kOk);
  EXPECT_EQ(got.step, Step::kDone);
  const auto answers = Answers(got.sent);
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_NE(answers[1].find("nonce=\"n1\""), std::string::npos);
  EXPECT_NE(answers[2].find("nonce=\"n2\""), std::string::npos);
  EXPECT_NE(answers[2].find("nc=00000001"), std::string::npos);
}

TEST(HttpConnectClientTest, DoesNotAskForEver) {
  std::string peer = Refusal({kDigest});
  for (int i = 0; i < 20; ++i) {
    const std::string nonce = "Digest realm=\"x\", stale=true, nonce=\"" + std::to_string(i) + "\"";
    peer += Refusal({nonce.c_str()});
  }
  const Outcome got = DriveEveryWay(WithPassword(), peer);
  EXPECT_EQ(got.cause, Cause::kAuthentication);
  EXPECT_EQ(Answers(got.sent).size(), 5u);
}

TEST(HttpConnectClientTest, SaysThatCredentialsAreRefused) {
  constexpr char kOther[] = "Digest realm=\"x\", nonce=\"n3\", qop=\"auth\"";
  struct Row {
    std::string peer;
    const char* detail;
  };
  const Row kRows[] = {
      {Refusal({kDigest}) + Refusal({kOther}), "HTTP 407: Digest realm=\"x\"; credentials refused"},
      {Refusal({kDigest, kBasic}) + Refusal({kOther, kBasic}),
       "HTTP 407: Digest realm=\"x\", Basic realm=\"x\"; credentials refused"},
      {Refusal({kBasic}) + Refusal({kBasic}), "HTTP 407: Basic realm=\"x\"; credentials refused"},
      {Refusal({"NTLM"}) + Refusal({kNtlm}) + Refusal({"NTLM", kBasic}),
       "HTTP 407: NTLM, Basic realm=\"x\"; credentials refused"},
      {Refusal({"NTLM"}) + Refusal({"NTLM"}), "HTTP 407: NTLM; credentials refused"},
      {Refusal({}) + Refusal({}), "HTTP 407: Auth; credentials refused"},
  };
  for (const Row& row : kRows) {
    const Outcome got = DriveEveryWay(WithPassword(), row.peer);
    EXPECT_EQ(got.cause, Cause::kAuthentication);
    EXPECT_EQ(got.code, 407u);
    EXPECT_EQ(got.detail, row.detail);
  }
}

TEST(HttpConnectClientTest, AnswersOnlyWithTheSchemeThatItIsTold) {
  using config::Auth;
  struct Row {
    Auth auth;
    std::initializer_list<const char*> challenges;
    size_t requests;
    const char* detail;
  };
  const Row kRows[] = {
      {Auth::kBasic, {kDigest}, 1, "HTTP 407: Digest realm=\"x\"; basic is not offered"},
      {Auth::kDigest,
       {kBasic, "NTLM"},
       1,
       "HTTP 407: Basic realm=\"x\", NTLM; digest is not offered"},
      {Auth::kDigest, {}, 1, "HTTP 407: Auth; credentials refused"},
      {Auth::kNtlm, {kBasic}, 1, "HTTP 407: Basic realm=\"x\"; ntlm is not offered"},
      {Auth::kAny, {"Negotiate"}, 1, "HTTP 407: Negotiate; auth = negotiate is needed"},
      {Auth::kAny, {"Bearer"}, 1, "HTTP 407: Bearer; none of it is supported"},
  };
  for (const Row& row : kRows) {
    const Outcome got = DriveEveryWay(WithPassword(row.auth), Refusal(row.challenges) + kOk);
    EXPECT_EQ(got.step, Step::kFailed) << row.detail;
    EXPECT_EQ(got.detail, row.detail);
    EXPECT_EQ(Answers(got.sent).size(), row.requests);
  }
}

// --- what needs another connection

TEST(HttpConnectClientTest, AsksForANewConnectionWhereTheOldOneEnds) {
  const std::string challenge = "Proxy-Authenticate: Digest realm=\"x\", nonce=\"n1\"\r\n";
  const std::string peers[] = {
      "HTTP/1.0 407 x\r\nContent-Length: 0\r\n" + challenge + "\r\n",
      "HTTP/1.1 407 x\r\nConnection: close\r\nContent-Length: 9999\r\n" + challenge + "\r\n",
      "HTTP/1.1 407 x\r\nProxy-Connection: close\r\n" + challenge + "\r\n",
      "HTTP/1.1 407 x\r\n" + challenge + "\r\n",
      "HTTP/1.1 407 x\r\nContent-Length: 65537\r\n" + challenge + "\r\n",
      "HTTP/1.1 407 x\r\nTransfer-Encoding: chunked\r\n" + challenge + "\r\nnonsense",
  };
  for (const std::string& peer : peers) {
    const Outcome got = DriveEveryWay(WithPassword(), peer);
    EXPECT_EQ(got.step, Step::kReconnect) << peer;
    EXPECT_EQ(Answers(got.sent).size(), 1u);
  }
}

TEST(HttpConnectClientTest, AsksForANewConnectionWhereTheOldOneEndsEarly) {
  const std::string whole = Refusal({kDigest});
  for (size_t size = whole.size() - kContent.size(); size <= whole.size(); ++size) {
    EXPECT_EQ(DriveEveryWay(WithPassword(), whole.substr(0, size), true).step, Step::kReconnect);
  }
  const Outcome got = DriveEveryWay(WithPassword(), whole + kOk.substr(0, 5), true);
  EXPECT_EQ(got.cause, Cause::kClosedEarly) << "not where an answer has begun";
}

TEST(HttpConnectClientTest, GoesOnWithWhatItHasLearnedOverANewConnection) {
  HttpConnectClient first = WithPassword();
  first.Sent(first.Outgoing().size());
  first.Feed(Bytes("HTTP/1.0 407 x\r\nProxy-Authenticate: " + std::string(kDigest) + "\r\n\r\n"));
  ASSERT_EQ(first.step(), Step::kReconnect);
  const HttpConnectClient second(Name("go.example"), {"alice", "secret"}, first.login().memory(),
                                 {});
  const Outcome good = DriveEveryWay(second, kOk);
  EXPECT_EQ(good.step, Step::kDone);
  EXPECT_EQ(SchemeOf(Answers(good.sent)[0]), "Digest");
  constexpr char kOther[] = "Digest realm=\"x\", nonce=\"n3\", qop=\"auth\"";
  EXPECT_EQ(DriveEveryWay(second, Refusal({kOther})).cause, Cause::kAuthentication);
  EXPECT_EQ(DriveEveryWay(second, "", true).cause, Cause::kClosedEarly) << "not again and again";
}

TEST(HttpConnectClientTest, FailsWhereTheConnectionEndsInTheMiddleOfNtlm) {
  const std::string close =
      "HTTP/1.1 407 x\r\nConnection: close\r\nProxy-Authenticate: " + std::string(kNtlm) +
      "\r\n\r\n";
  const Outcome closed = DriveEveryWay(WithPassword(config::Auth::kNtlm), close);
  EXPECT_EQ(closed.cause, Cause::kAuthentication);
  const Outcome gone = DriveEveryWay(WithPassword(config::Auth::kNtlm), Refusal({kNtlm}), true);
  EXPECT_EQ(gone.cause, Cause::kClosedEarly);
}

// --- what is remembered

HttpMemory Known(std::string_view header) {
  HttpOffers offers;
  offers.Read(header, false);
  return {offers.best(), 7, 0};
}

HttpConnectClient Knowing(std::string_view header) {
  return HttpConnectClient(Name("go.example"), {"alice", "secret"}, Known(header), {});
}

// As Drive, and gives the client.
HttpConnectClient Play(HttpConnectClient client, std::string_view peer) {
  while (client.step() == Step::kSend || (client.step() == Step::kReceive && !peer.empty())) {
    if (client.step() == Step::kSend) {
      client.Sent(client.Outgoing().size());
    } else {
      peer.remove_prefix(client.Feed(Bytes(peer.substr(0, client.Incoming().max))));
    }
  }
  return client;
}

using Verdict = HttpLogin::Verdict;

TEST(HttpConnectClientTest, BeginsWithWhatIsKnown) {
  EXPECT_EQ(Answers(DriveEveryWay(Knowing(kBasic), kOk).sent)[0], "Basic YWxpY2U6c2VjcmV0");
  const std::string digest = Answers(DriveEveryWay(Knowing(kDigest), kOk).sent)[0];
  EXPECT_NE(digest.find("nc=00000007"), std::string::npos) << digest;
  EXPECT_TRUE(Answers(DriveEveryWay(Knowing(kNtlm), Refusal({kNtlm}) + kOk).sent)[0].starts_with(
      "NTLM TlRMTVNTUAABAAAA"));
}

TEST(HttpConnectClientTest, TakesWhatIsKnownForOutOfDateWhereItIsRefused) {
  constexpr char kOther[] = "Digest realm=\"x\", nonce=\"n3\", qop=\"auth\"";
  struct Row {
    const char* known;
    const char* asked;
    const char* scheme;
  };
  const Row kRows[] = {{kDigest, kStale, "Digest"},
                       {kDigest, kOther, "Digest"},
                       {kDigest, kBasic, "Basic"},
                       {kBasic, kDigest, "Digest"},
                       {"NTLM", kDigest, "Digest"}};
  for (const Row& row : kRows) {
    const auto client = Play(Knowing(row.known), Refusal({row.asked}) + kOk);
    EXPECT_EQ(client.step(), Step::kDone);
    EXPECT_EQ(client.login().verdict(), Verdict::kRemember) << row.known;
    EXPECT_EQ(SchemeName(client.login().memory().challenge.scheme), row.scheme);
  }
}

TEST(HttpConnectClientTest, RemembersWhatWasAccepted) {
  EXPECT_EQ(Play(WithPassword(), kOk).login().verdict(), Verdict::kNothingNew);
  EXPECT_EQ(Play(Knowing(kDigest), kOk).login().verdict(), Verdict::kNothingNew);
  EXPECT_EQ(Play(WithPassword(config::Auth::kBasic), kOk).login().verdict(), Verdict::kNothingNew);
  for (const std::string& end : {kOk, std::string("HTTP/1.1 503 target\r\n\r\n")}) {
    const auto client = Play(WithPassword(), Refusal({kDigest}) + end);
    EXPECT_EQ(client.login().verdict(), Verdict::kRemember);
    EXPECT_EQ(client.login().memory().challenge.nonce(), "n1");
    EXPECT_EQ(client.login().memory().nonce_count, 2u);
  }
}

TEST(HttpConnectClientTest, ForgetsWhatWasRefused) {
  constexpr char kOther[] = "Digest realm=\"x\", nonce=\"n3\", qop=\"auth\"";
  constexpr char kThird[] = "Digest realm=\"x\", nonce=\"n4\", qop=\"auth\"";
  const auto client = Play(Knowing(kDigest), Refusal({kOther}) + Refusal({kThird}));
  EXPECT_EQ(client.step(), Step::kFailed);
  EXPECT_EQ(client.login().verdict(), Verdict::kForget);
}

TEST(HttpConnectClientTest, TakesTheNextNonce) {
  const auto client = Play(
      Knowing(kDigest), "HTTP/1.1 200 OK\r\nProxy-Authentication-Info: nextnonce=\"n9\"\r\n\r\n");
  EXPECT_EQ(client.login().verdict(), Verdict::kRemember);
  EXPECT_EQ(client.login().memory().challenge.nonce(), "n9");
  EXPECT_EQ(client.login().memory().challenge.realm(), "x");
  EXPECT_EQ(client.login().memory().nonce_count, 1u);
}

TEST(HttpConnectClientTest, EndsDetailOfLongChallengeWithTheVerdict) {
  const Outcome got =
      DriveEveryWay(Anonymous(), "HTTP/1.1 407 Auth\r\nProxy-Authenticate: Basic realm=\"" +
                                     std::string(400, 'r') + "\"\r\n\r\n");
  EXPECT_TRUE(got.detail.ends_with("; no credentials given")) << got.detail;
}

TEST(HttpConnectClientTest, ReplacesControlBytesOfTheReason) {
  const Outcome got = DriveEveryWay(Anonymous(), "HTTP/1.1 403 \x1b[31mred\r\n\r\n");
  EXPECT_EQ(got.detail, "HTTP 403: ?[31mred");
}

TEST(HttpConnectClientTest, RejectsReplyThatIsNotHttp) {
  const Outcome got = DriveEveryWay(Anonymous(), "SSH-2.0-OpenSSH_9.2\r\n");
  EXPECT_EQ(got.cause, Cause::kNotTheProtocol);
  EXPECT_EQ(got.taken, 1u);
}

TEST(HttpConnectClientTest, TakesHeadOf64KiBInPieces) {
  const std::string start = "HTTP/1.1 200 OK\r\nX-Filler: ";
  const std::string head =
      start + std::string(HttpReplyHead::kMaxSize - start.size() - 4, 'f') + "\r\n\r\n";
  for (const size_t piece : {size_t{1}, size_t{1000}, SIZE_MAX}) {
    const Outcome got = Drive(
        Anonymous(), head + "tunnel", [=](size_t) { return piece; }, SIZE_MAX, false);
    EXPECT_EQ(got.step, Step::kDone) << piece;
    EXPECT_EQ(got.taken, head.size()) << piece;
  }
}

TEST(HttpConnectClientTest, RejectsHeadOver64KiB) {
  const std::string endless = "HTTP/1.1 200 OK\r\nX: " + std::string(70000, 'x');
  const Outcome got = Drive(
      Anonymous(), endless, [](size_t) { return size_t{1000}; }, SIZE_MAX, false);
  EXPECT_EQ(got.cause, Cause::kNotTheProtocol);
  EXPECT_EQ(got.taken, HttpReplyHead::kMaxSize);
}

}  // namespace
}  // namespace protocol
