#include "engine/rules_variables.h"

#include <gtest/gtest.h>

namespace engine {
namespace {

TEST(RulesVariablesTest, HashesAnEmptyValueAloneToZero) {
  EXPECT_EQ(HashOfRulesVariable(""), 0u);
  EXPECT_NE(HashOfRulesVariable("/etc/gochain.conf"), 0u);
}

TEST(RulesVariablesTest, TellsValuesApart) {
  EXPECT_NE(HashOfRulesVariable("/a.conf"), HashOfRulesVariable("/b.conf"));
  EXPECT_NE(HashOfRulesVariable("ab"), HashOfRulesVariable("ba"));
}

}  // namespace
}  // namespace engine
