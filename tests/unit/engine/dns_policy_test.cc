#include "engine/dns_policy.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "../names/dns_labels.h"
#include "config/builder.h"

namespace engine {
namespace {

using Bytes = std::vector<uint8_t>;
using Verdict = DnsPolicy::Verdict;

constexpr uint16_t kA = 1, kNs = 2, kPtr = 12, kTxt = 16, kAaaa = 28, kHttps = 65;
constexpr int kNoError = 0, kFormatError = 1, kNoSuchName = 3, kNotImplemented = 4;

const char kRules[] =
    "[gochain]\n"
    "default = far\n"
    "[proxy far]\n"
    "url = socks5://192.0.2.9:1080\n"
    "[rules]\n"
    "direct = *.direct.example 10.0.0.0/8\n"
    "far = *.named.cluster.local\n"
    "direct = *.ports.example:22\n"
    "reject = bad.example\n"
    "[hosts]\n"
    "mirror.example = 10.0.0.7 2001:db8::7 10.0.0.8\n"
    "build.box = 10.0.0.9\n"
    "a.shared.example = 10.0.0.10\n"
    "b.shared.example = 10.0.0.10\n";

Bytes Query(const std::string& name, uint16_t type, uint16_t klass = 1) {
  Bytes out = {0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
  const Bytes labels = names::Labels(name);
  out.insert(out.end(), labels.begin(), labels.end());
  out.insert(out.end(), {static_cast<uint8_t>(type >> 8), static_cast<uint8_t>(type), 0,
                         static_cast<uint8_t>(klass)});
  return out;
}

names::ResolvConf Conf(const char* text) { return names::ParseResolvConf(text, {}); }

class DnsPolicyTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/dns-policy-XXXXXX";
    const int fd = mkstemp(path);
    ASSERT_GE(fd, 0);
    base::Fd(fd).Reset();
    std::ofstream(path) << kRules;
    config::Inputs inputs;
    inputs.file = path;
    const config::Built built = config::Build(inputs);
    std::remove(path);
    ASSERT_TRUE(built.diagnostics.empty()) << built.diagnostics[0].Text();
    auto created = engine::Session::Create({}, built.image, built.lists);
    ASSERT_TRUE(created.ok());
    state_ = std::move(created->fd);
    session_ = std::make_unique<engine::Session>(created->session);
  }

  Verdict Ask(const Bytes& query, const names::ResolvConf& conf = {}) {
    DnsPolicy policy(*session_);
    answer_.assign(1024, 0);
    const auto decision = policy.Decide(query, conf, answer_);
    answer_.resize(decision.size);
    return decision.verdict;
  }
  int Code() const { return answer_.size() < 12 ? -1 : answer_[3] & 0xf; }
  int Records() const { return answer_.size() < 12 ? -1 : answer_[7]; }
  bool IsMadeUp() const {
    return Code() == kNoError && Records() == 1 && answer_[answer_.size() - 4] == 198 &&
           answer_[answer_.size() - 3] == 19;
  }
  bool IsEmpty() const { return Code() == kNoError && Records() == 0; }

  base::Fd state_;
  std::unique_ptr<engine::Session> session_;
  Bytes answer_;
};

TEST_F(DnsPolicyTest, MakesUpAddressesOfNamesForAProxy) {
  EXPECT_EQ(Ask(Query("proxy.golang.org", kA)), Verdict::kAnswer);
  EXPECT_TRUE(IsMadeUp());
  const Bytes first = answer_;
  Ask(Query("Proxy.GOLANG.org", kA));
  EXPECT_EQ(Bytes(first.end() - 4, first.end()), Bytes(answer_.end() - 4, answer_.end()));
}

TEST_F(DnsPolicyTest, MakesThemUpForWhatIsDirectOnSomePortsOnlyAndForRejectedNames) {
  Ask(Query("a.ports.example", kA));
  EXPECT_TRUE(IsMadeUp());
  Ask(Query("bad.example", kA));
  EXPECT_TRUE(IsMadeUp());
}

TEST_F(DnsPolicyTest, SaysEmptyToOtherTypesOfSuchNames) {
  for (const uint16_t type : {kAaaa, kHttps, kTxt, kNs}) {
    EXPECT_EQ(Ask(Query("proxy.golang.org", type)), Verdict::kAnswer);
    EXPECT_TRUE(IsEmpty()) << type;
  }
  Ask(Query("proxy.golang.org", kA, 3));
  EXPECT_TRUE(IsEmpty()) << "class CHAOS";
}

TEST_F(DnsPolicyTest, ForwardsNamesThatAreDirectOnEveryPort) {
  for (const uint16_t type : {kA, kAaaa, kTxt}) {
    EXPECT_EQ(Ask(Query("host.direct.example", type)), Verdict::kForward);
  }
}

TEST_F(DnsPolicyTest, GivesTheNameOfAMadeUpAddress) {
  const auto made = session_->names().AddressOf("go.example");
  ASSERT_TRUE(made.has_value());
  const auto bytes = made->bytes();
  const std::string reverse =
      std::to_string(bytes[3]) + "." + std::to_string(bytes[2]) + ".19.198.in-addr.arpa";
  Ask(Query(reverse, kPtr));
  EXPECT_EQ(Code(), kNoError);
  EXPECT_EQ(Records(), 1);
  const Bytes name = {2, 'g', 'o', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0};
  EXPECT_EQ(Bytes(answer_.end() - static_cast<long>(name.size()), answer_.end()), name);
  Ask(Query(reverse, kTxt));
  EXPECT_TRUE(IsEmpty());
}

TEST_F(DnsPolicyTest, KnowsNoNameOfOtherAddresses) {
  EXPECT_EQ(Ask(Query("1.1.19.198.in-addr.arpa", kPtr)), Verdict::kAnswer);
  EXPECT_EQ(Code(), kNoSuchName);
  EXPECT_EQ(Ask(Query("1.2.0.192.in-addr.arpa", kPtr)), Verdict::kAnswer);
  EXPECT_EQ(Code(), kNoSuchName);
}

TEST_F(DnsPolicyTest, AnswersLocalhostItself) {
  Ask(Query("localhost", kA));
  EXPECT_EQ(Bytes(answer_.end() - 4, answer_.end()), (Bytes{127, 0, 0, 1}));
  Ask(Query("db.localhost", kAaaa));
  EXPECT_EQ(answer_.back(), 1);
  EXPECT_EQ(answer_[answer_.size() - 17], 16);
  Ask(Query("localhost", kTxt));
  EXPECT_TRUE(IsEmpty());
}

TEST_F(DnsPolicyTest, SaysNoToANameWithASearchDomainBehindIt) {
  const names::ResolvConf conf =
      Conf("search ci.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5");
  for (const char* const domain : {"ci.svc.cluster.local", "svc.cluster.local", "cluster.local"}) {
    for (const uint16_t type : {kA, kAaaa}) {
      EXPECT_EQ(Ask(Query(std::string("proxy.golang.org.") + domain, type), conf),
                Verdict::kAnswer);
      EXPECT_EQ(Code(), kNoSuchName) << domain;
    }
  }
  Ask(Query("proxy.golang.org", kA), conf);
  EXPECT_TRUE(IsMadeUp());
  Ask(Query("postgres.ci.svc.cluster.local", kA), conf);
  EXPECT_TRUE(IsMadeUp()) << "a single label: a short name of the cluster's";
}

TEST_F(DnsPolicyTest, SaysYesToALongNameThatARuleNames) {
  const names::ResolvConf conf = Conf("search cluster.local\noptions ndots:5");
  Ask(Query("a.b.named.cluster.local", kA), conf);
  EXPECT_TRUE(IsMadeUp());
}

TEST_F(DnsPolicyTest, RefusesWhatIsNoHostName) {
  Bytes query = Query("a_b.example", kA);
  query[14] = ' ';
  Ask(query);
  EXPECT_EQ(Code(), kNoSuchName);
  Ask(Query("", kNs));
  EXPECT_TRUE(IsEmpty());
}

TEST_F(DnsPolicyTest, TellsOfMessagesThatItDoesNotUnderstand) {
  EXPECT_EQ(Ask({0, 7, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}), Verdict::kAnswer);
  EXPECT_EQ(Code(), kFormatError);
  Bytes update = Query("a.example", kA);
  update[2] = 5 << 3;
  Ask(update);
  EXPECT_EQ(Code(), kNotImplemented);
  Bytes reply = Query("a.example", kA);
  reply[2] |= 0x80;
  EXPECT_EQ(Ask(reply), Verdict::kIgnore);
  EXPECT_EQ(Ask({0, 7, 1}), Verdict::kIgnore);
}

TEST_F(DnsPolicyTest, AnswersHostsWithTheirAddressesOfTheFamily) {
  EXPECT_EQ(Ask(Query("Mirror.Example", kA)), Verdict::kAnswer);
  EXPECT_EQ(Records(), 2);
  EXPECT_EQ(Bytes(answer_.end() - 20, answer_.end() - 16), (Bytes{10, 0, 0, 7}));
  EXPECT_EQ(Bytes(answer_.end() - 4, answer_.end()), (Bytes{10, 0, 0, 8}));
  Ask(Query("mirror.example", kAaaa));
  EXPECT_EQ(Records(), 1);
  EXPECT_EQ(answer_.back(), 7);
  Ask(Query("build.box", kAaaa));
  EXPECT_TRUE(IsEmpty());
  Ask(Query("mirror.example", kTxt));
  EXPECT_TRUE(IsEmpty());
  EXPECT_EQ(session_->answers().NameOf(*base::IpAddress::Parse("10.0.0.8"))->name(),
            "mirror.example");
}

TEST_F(DnsPolicyTest, MakesUpAddressesOfHostsThatShareOne) {
  for (const char* const name : {"a.shared.example", "b.shared.example"}) {
    Ask(Query(name, kA));
    EXPECT_TRUE(IsMadeUp()) << name;
  }
}

TEST_F(DnsPolicyTest, GivesTheNameOfAHost) {
  Ask(Query("9.0.0.10.in-addr.arpa", kPtr));
  EXPECT_EQ(Code(), kNoError);
  EXPECT_EQ(Records(), 1);
  const Bytes name = {5, 'b', 'u', 'i', 'l', 'd', 3, 'b', 'o', 'x', 0};
  EXPECT_EQ(Bytes(answer_.end() - static_cast<long>(name.size()), answer_.end()), name);
}

TEST_F(DnsPolicyTest, SaysNoToAHostWithASearchDomainBehindIt) {
  const names::ResolvConf conf = Conf("search direct.example far.example\noptions ndots:5");
  for (const char* const domain : {"direct.example", "far.example"}) {
    EXPECT_EQ(Ask(Query(std::string("build.box.") + domain, kA), conf), Verdict::kAnswer);
    EXPECT_EQ(Code(), kNoSuchName) << domain;
  }
  EXPECT_EQ(Ask(Query("other.direct.example", kA), conf), Verdict::kForward);
}

class DnsPolicyReviewTest : public DnsPolicyTest {
 protected:
  // The verdict on a server's answer that `name` has the IPv4 address `bytes`.
  Verdict Review(const std::string& name, const Bytes& bytes) {
    const Bytes query = Query(name, kA);
    Bytes answer = query;
    answer[2] |= 0x80;
    answer[7] = 1;
    answer.insert(answer.end(), {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4});
    answer.insert(answer.end(), bytes.begin(), bytes.end());
    DnsPolicy policy(*session_);
    answer_.assign(1024, 0);
    const auto decision = policy.Review(query, answer, answer_);
    answer_.resize(decision.size);
    return decision.verdict;
  }
  std::string Meant(const char* address) {
    const auto name = session_->answers().NameOf(*base::IpAddress::Parse(address));
    return name ? std::string(name->name()) : std::string();
  }
};

TEST_F(DnsPolicyReviewTest, RemembersWhatAServerSaid) {
  EXPECT_EQ(Review("host.Direct.example", {10, 0, 0, 5}), Verdict::kForward);
  EXPECT_EQ(Meant("10.0.0.5"), "host.direct.example");
}

TEST_F(DnsPolicyReviewTest, MakesUpAnAddressInThePlaceOfAHosts) {
  EXPECT_EQ(Review("host.direct.example", {10, 0, 0, 7}), Verdict::kAnswer);
  EXPECT_TRUE(IsMadeUp());
  EXPECT_EQ(Meant("10.0.0.7"), "");
}

}  // namespace
}  // namespace engine
