#include "engine/plan.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/lookup.h"
#include "rules_session.h"

namespace engine {
namespace {

constexpr const char* kRules =
    "[gochain]\ndefault = far\n"
    "[proxy far]\nurl = socks5://192.0.2.9\n"
    "[proxy near]\nurl = socks5://192.0.2.8\ndns = local\n"
    "[proxy named]\nurl = socks5://proxy.example:1080\n"
    "[rules]\n"
    "reject = 10.6.6.0/24 bad.example\n"
    "far = 10.9.0.0/16\n"
    "direct = *.corp.example\n"
    "near = *.near.example\n"
    "named = *.named.example\n"
    "[rewrite tunnel]\nfrom = git.example:9418\nto = 127.0.0.1:19418\n"
    "[rewrite mirror]\nfrom = pkg.example\nto = mirror.corp.example\n"
    "[rewrite port]\nfrom = :81\nto = :8081\n"
    "[rewrite host]\nfrom = old.example\nto = host.example\n"
    "[hosts]\n"
    "host.example = 10.9.0.1 10.6.6.1 10.9.0.2\n"
    "proxy.example = 10.0.0.99 2001:db8::99\n";

class PlanTest : public testing::Test {
 protected:
  Plan PlanFor(const base::IpAddress& address, uint16_t port) {
    return MakePlan(session_, {address, port}, "x");
  }
  // For the made-up address of `name`.
  Plan ByName(const char* name, uint16_t port) {
    return PlanFor(*session_.names().AddressOf(name), port);
  }
  // Once a program was told that `name` has `address`.
  Plan Told(const char* name, const char* address, uint16_t port) {
    const base::IpAddress told = Ip(address);
    EXPECT_TRUE(Answered(session_, name, {&told, 1}));
    return PlanFor(told, port);
  }
  std::string RouteOf(const Plan& plan) {
    return std::string(session_.config().RouteName(plan.decision.route));
  }
  static std::string Text(const base::Endpoint& endpoint) {
    std::array<char, base::kMaxEndpointText> text;
    return std::string(endpoint.Text(text));
  }
  static std::string AddressesOf(const Plan& plan) {
    std::string out;
    for (size_t i = 0; i < plan.address_count; ++i) {
      out += (i > 0 ? " " : "") + Text({plan.addresses[i], plan.destination().port()});
    }
    return out;
  }

  Session session_ = SessionOf(kRules);
};

TEST_F(PlanTest, LetsTheKernelGoOnOnlyWithDirectAddresses) {
  EXPECT_TRUE(PlanFor(Ip("127.0.0.1"), 80).pass_through);
  EXPECT_TRUE(PlanFor(Ip("::1"), 80).pass_through);
  EXPECT_FALSE(PlanFor(Ip("192.0.2.1"), 80).pass_through);
  EXPECT_FALSE(PlanFor(Ip("198.19.5.5"), 80).pass_through);
}

TEST_F(PlanTest, HoldsRulesOnANameAtTheRealAddressThatItWasLookedUpAs) {
  EXPECT_EQ(RouteOf(PlanFor(Ip("10.0.0.5"), 22)), "far");
  const Plan plan = Told("git.corp.example", "10.0.0.5", 22);
  EXPECT_EQ(RouteOf(plan), "direct");
  EXPECT_TRUE(plan.pass_through);
  EXPECT_EQ(Text(plan.target), "git.corp.example:22");
  EXPECT_EQ(RouteOf(PlanFor(Ip("10.0.0.6"), 22)), "far");
}

TEST_F(PlanTest, AsksRulesOnAddressesToo) {
  EXPECT_EQ(RouteOf(Told("git.corp.example", "10.6.6.6", 22)), "reject");
  const Plan plan = Told("git.corp.example", "10.9.0.5", 22);
  EXPECT_EQ(RouteOf(plan), "far");
  EXPECT_EQ(AddressesOf(plan), "10.9.0.5:22") << "the very address, not the name";
}

TEST_F(PlanTest, TellsTwoNamesOnOneAddressApart) {
  (void)Told("git.corp.example", "10.0.0.5", 443);
  EXPECT_EQ(RouteOf(ByName("www.public.example", 443)), "far");
  EXPECT_EQ(RouteOf(PlanFor(Ip("10.0.0.5"), 443)), "direct");
}

TEST_F(PlanTest, LooksNamesUpHereWhereTheyAreDirectOrTheRouteSaysSo) {
  EXPECT_TRUE(ByName("a.corp.example", 80).resolve_here);
  EXPECT_TRUE(ByName("a.near.example", 80).resolve_here);
  EXPECT_FALSE(ByName("a.far.example", 80).resolve_here);
  EXPECT_FALSE(ByName("bad.example", 80).resolve_here);
}

TEST_F(PlanTest, TakesANameAsItWasAsked) {
  const auto named = [&](const char* name, uint16_t port) {
    return MakePlanAsked(session_, *base::Endpoint::FromName(name, port), "");
  };
  EXPECT_EQ(RouteOf(named("www.public.example", 443)), "far");
  EXPECT_EQ(RouteOf(named("bad.example", 443)), "reject");
  EXPECT_EQ(Text(named("www.public.example", 443).asked), "www.public.example:443");
  EXPECT_TRUE(named("a.corp.example", 80).resolve_here);
  EXPECT_FALSE(named("a.corp.example", 80).pass_through);
  EXPECT_EQ(Text(named("git.example", 9418).destination()), "127.0.0.1:19418");
  EXPECT_EQ(AddressesOf(named("host.example", 443)), "10.9.0.1:443 10.9.0.2:443");
}

TEST_F(PlanTest, LeavesNothingToTheKernelOfAnAddressThatItWasAsked) {
  const Plan plan = MakePlanAsked(session_, {Ip("127.0.0.1"), 80}, "");
  EXPECT_EQ(RouteOf(plan), "direct");
  EXPECT_FALSE(plan.pass_through);
  EXPECT_EQ(AddressesOf(plan), "127.0.0.1:80");
}

TEST_F(PlanTest, AsksNobodyAboutHosts) {
  const Plan plan = ByName("host.example", 443);
  EXPECT_FALSE(plan.resolve_here);
  EXPECT_EQ(RouteOf(plan), "far") << "by its first address";
  EXPECT_EQ(AddressesOf(plan), "10.9.0.1:443 10.9.0.2:443") << "but those of another route";
}

TEST_F(PlanTest, PutsTheRewrittenTargetBeforeTheRules) {
  const Plan tunnel = ByName("git.example", 9418);
  EXPECT_EQ(RouteOf(tunnel), "direct") << "loopback";
  EXPECT_EQ(Text(tunnel.target), "git.example:9418");
  EXPECT_EQ(Text(tunnel.destination()), "127.0.0.1:19418");
  EXPECT_EQ(AddressesOf(tunnel), "127.0.0.1:19418");
  EXPECT_FALSE(tunnel.pass_through);
  const Plan mirror = ByName("pkg.example", 443);
  EXPECT_EQ(RouteOf(mirror), "direct");
  EXPECT_TRUE(mirror.resolve_here);
  EXPECT_EQ(AddressesOf(ByName("old.example", 80)), "10.9.0.1:80 10.9.0.2:80") << "a host";
}

TEST_F(PlanTest, KeepsTheAddressWhereOnlyThePortIsRewritten) {
  const Plan literal = PlanFor(Ip("127.0.0.1"), 81);
  EXPECT_EQ(AddressesOf(literal), "127.0.0.1:8081");
  EXPECT_FALSE(literal.pass_through);
  const Plan told = Told("git.corp.example", "10.0.0.5", 81);
  EXPECT_EQ(RouteOf(told), "direct");
  EXPECT_EQ(AddressesOf(told), "10.0.0.5:8081");
  EXPECT_FALSE(told.pass_through);
  EXPECT_EQ(Text(told.destination()), "git.corp.example:8081");
  EXPECT_TRUE(PlanFor(Ip("127.0.0.1"), 82).pass_through);
}

TEST_F(PlanTest, KnowsWhereAFirstHopOfHostsIs) {
  const Plan plan = ByName("a.named.example", 443);
  Addresses found;
  ASSERT_EQ(
      KnownHopAddresses(session_, session_.config().HopIndexAt(plan.decision.route, 0), &found),
      2u);
  EXPECT_EQ(found[0], Ip("10.0.0.99"));
  EXPECT_EQ(found[1], Ip("2001:db8::99"));
}

}  // namespace
}  // namespace engine
