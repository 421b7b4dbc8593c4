// The matcher against a naive one on random rules and queries.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "../config/rules_text.h"
#include "naive_rules.h"
#include "rules/rules.h"

namespace rules {
namespace {

using config::BuiltText;

constexpr int kRuleSets = 2000;
constexpr int kQueriesPerSet = 60;

// The same query for the matcher. REQUIRES: outlived by `naive`
class AskedQuery {
 public:
  explicit AskedQuery(const NaiveQuery& naive) {
    query_ = {.name = naive.name, .address = nullptr, .port = naive.port, .exe = naive.exe};
    if (naive.address) {
      address_ = base::IpAddress::Parse(naive.address->text);
      EXPECT_TRUE(address_) << naive.address->text;
      query_.address = &*address_;
    }
  }
  const Query& query() const { return query_; }

 private:
  std::optional<base::IpAddress> address_;
  Query query_;
};

std::string Decided(const config::Config& config, const NaiveQuery& naive) {
  const AskedQuery asked(naive);
  const Decision decision = Decide(config, asked.query());
  return (decision.pattern != nullptr ? std::to_string(decision.pattern->source.line)
                                      : std::string(ReasonText(decision))) +
         " " + std::string(config.RouteName(decision.route));
}

std::string TextOf(const NaiveQuery& query) {
  return "name '" + query.name + "' address '" + (query.address ? query.address->text : "") +
         "' port " + std::to_string(query.port) + " exe '" + query.exe + "'";
}

NaiveQuery RandomQuery(Random* random) {
  NaiveQuery query = RandomTarget(random, random->OneIn(2));
  if (!query.name.empty() && random->OneIn(3)) {
    query.address = RandomAddress(random);
  }
  query.exe = random->Of(std::array{"", "ssh", "git", "gitk"});
  return query;
}

// Calls check(rules, config, random) for many random rule sets.
template <typename Check>
void ForEachRuleSet(uint32_t seed, Check check) {
  Random random(seed);
  for (int i = 0; i < kRuleSets && !testing::Test::HasFailure(); ++i) {
    const NaiveRules naive(&random);
    const BuiltText built(naive.text());
    ASSERT_EQ(built.Complaints(), "") << naive.text();
    check(naive, built.config(), &random);
  }
}

TEST(RulesPropertiesTest, DecidesAsTheNaiveMatcherDoes) {
  ForEachRuleSet(1, [](const NaiveRules& naive, const config::Config& config, Random* random) {
    for (int i = 0; i < kQueriesPerSet; ++i) {
      const NaiveQuery query = RandomQuery(random);
      ASSERT_EQ(Decided(config, query), naive.Decide(query)) << naive.text() << TextOf(query);
    }
  });
}

TEST(RulesPropertiesTest, NeedsMadeUpAddressAsTheNaiveMatcherDoes) {
  ForEachRuleSet(2, [](const NaiveRules& naive, const config::Config& config, Random* random) {
    for (int i = 0; i < kQueriesPerSet; ++i) {
      const std::string name = RandomName(random);
      ASSERT_EQ(NeedsMadeUpAddress(config, name), naive.NeedsMadeUpAddress(name))
          << naive.text() << name;
    }
  });
}

TEST(RulesPropertiesTest, MakesUpAnAddressWhereverANameCouldLeave) {
  ForEachRuleSet(3, [](const NaiveRules& naive, const config::Config& config, Random* random) {
    for (int i = 0; i < kQueriesPerSet; ++i) {
      NaiveQuery query = RandomQuery(random);
      query.address.reset();
      query.name = query.name.empty() ? RandomName(random) : query.name;
      if (!naive.Decide(query).ends_with(" direct")) {
        ASSERT_TRUE(NeedsMadeUpAddress(config, query.name)) << naive.text() << TextOf(query);
      }
    }
  });
}

TEST(RulesPropertiesTest, KnowsNamesOfRulesAsTheNaiveMatcherDoes) {
  ForEachRuleSet(4, [](const NaiveRules& naive, const config::Config& config, Random* random) {
    for (int i = 0; i < kQueriesPerSet; ++i) {
      const std::string name = RandomName(random);
      ASSERT_EQ(IsNamedByRule(config, name), naive.IsNamed(name)) << naive.text() << name;
    }
  });
}

}  // namespace
}  // namespace rules
