#include "engine/lookup.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "rules_session.h"

namespace engine {
namespace {

constexpr const char* kRules =
    "[gochain]\ndefault = far\n"
    "[proxy far]\nurl = socks5://192.0.2.9\n"
    "[rules]\ndirect = *.direct.example git.port.example:22 moved.example\n"
    "[rewrite moved]\nfrom = moved.example:80\nto = :8080\n"
    "[hosts]\n"
    "mirror.example = 10.0.0.7 2001:db8::7\n"
    "one.shared.example = 10.0.0.8\n"
    "two.shared.example = 10.0.0.9 10.0.0.8\n"
    "local.example = 127.0.0.1\n"
    "local.direct.example = 127.0.0.1\n"
    "shared.direct.example = 10.0.0.8\n";

class LookupTest : public testing::Test {
 protected:
  Telling How(const char* name) { return HowToTell(session_.config(), name); }
  bool Tell(const char* name, const std::vector<base::IpAddress>& addresses) {
    return Answered(session_, name, addresses);
  }
  std::string Meant(const base::IpAddress& address) {
    const auto name = NameFor(session_, address, &made_up_);
    return name ? std::string(name->name()) : std::string();
  }
  std::string Reverse(const std::string& address) {
    const auto name = ReverseName(session_, Ip(address));
    return name ? std::string(name->name()) : std::string();
  }

  Session session_ = SessionOf(kRules);
  bool made_up_ = false;
};

TEST_F(LookupTest, AsksOnlyAboutNamesThatAreDirectOnEveryPort) {
  EXPECT_EQ(How("a.direct.example"), Telling::kAsk);
  EXPECT_EQ(How("a.example"), Telling::kMadeUp);
  EXPECT_EQ(How("git.port.example"), Telling::kMadeUp);
  EXPECT_EQ(How("moved.example"), Telling::kMadeUp) << "a rewrite names it";
}

TEST_F(LookupTest, TellsTheHostsThatAreMeantByTheirAddressAlone) {
  EXPECT_EQ(How("mirror.example"), Telling::kHosts);
  EXPECT_EQ(How("one.shared.example"), Telling::kMadeUp);
  EXPECT_EQ(How("two.shared.example"), Telling::kMadeUp);
  EXPECT_EQ(How("local.example"), Telling::kMadeUp) << "127.0.0.1 is everybody's";
}

TEST_F(LookupTest, TellsAllHostsThatAreDirectWhateverTheyShare) {
  EXPECT_EQ(How("local.direct.example"), Telling::kHosts);
  EXPECT_EQ(How("shared.direct.example"), Telling::kHosts);
}

TEST(AsksForAllTest, IsSoOnlyWhereNothingLeadsElsewhere) {
  const char kProxy[] = "[proxy far]\nurl = socks5://192.0.2.9\n";
  const auto asks = [&](const std::string& text) {
    return AsksForAll(SessionOf((text + kProxy).c_str()).config());
  };
  EXPECT_TRUE(asks("[rules]\ndirect = *.example\n"));
  EXPECT_FALSE(asks("[gochain]\ndefault = far\n[rules]\ndirect = *.example\n"));
  EXPECT_FALSE(asks("[rules]\nfar = *.example\n"));
  EXPECT_FALSE(asks("[rules]\nreject = 10.0.0.0/8\n"));
  EXPECT_FALSE(asks("[hosts]\nmirror.example = 10.0.0.7\n"));
  EXPECT_FALSE(asks("[rewrite moved]\nfrom = moved.example:80\nto = :8080\n"));
}

TEST_F(LookupTest, KnowsTheNameThatAnAddressWasToldFor) {
  EXPECT_EQ(Meant(Ip("10.0.0.5")), "");
  EXPECT_TRUE(Tell("git.direct.example", {Ip("10.0.0.5"), Ip("2001:db8::5")}));
  EXPECT_EQ(Meant(Ip("10.0.0.5")), "git.direct.example");
  EXPECT_EQ(Meant(Ip("2001:db8::5")), "git.direct.example");
  EXPECT_FALSE(made_up_);
}

TEST_F(LookupTest, TellsMadeUpAddressesFromThoseThatAreReal) {
  const auto made_up = *session_.names().AddressOf("a.example");
  EXPECT_EQ(Meant(made_up), "a.example");
  EXPECT_TRUE(made_up_);
  EXPECT_TRUE(Tell("b.direct.example", {made_up}));
  EXPECT_EQ(Meant(made_up), "a.example") << "the responder's own answer, come back";
}

TEST_F(LookupTest, LetsNoOtherNameTakeTheAddressOfAHost) {
  EXPECT_FALSE(Tell("other.direct.example", {Ip("10.0.0.1"), Ip("10.0.0.7")}));
  EXPECT_EQ(Meant(Ip("10.0.0.1")), "");
  EXPECT_TRUE(Tell("mirror.example", {Ip("10.0.0.7")}));
  EXPECT_EQ(Meant(Ip("10.0.0.7")), "mirror.example");
  EXPECT_TRUE(Tell("other.direct.example", {Ip("127.0.0.1")})) << "nobody's";
}

TEST_F(LookupTest, NamesTheFirstHostOfAnAddress) {
  EXPECT_EQ(Reverse("2001:db8::7"), "mirror.example");
  EXPECT_EQ(Reverse("10.0.0.8"), "one.shared.example");
  EXPECT_EQ(Reverse("10.9.9.9"), "");
}

}  // namespace
}  // namespace engine
