#include "config/rewrite_circle.h"

#include <gtest/gtest.h>

#include <string>

#include "config/image.h"
#include "rules_text.h"

namespace config {
namespace {

// The complaints about rewrites r0, r1… of "FROM TO" each, without the place.
std::string Circles(const std::vector<std::pair<const char*, const char*>>& rewrites) {
  std::string text;
  for (size_t i = 0; i < rewrites.size(); ++i) {
    text += "[rewrite r" + std::to_string(i) + "]\nfrom = " + rewrites[i].first +
            "\nto = " + rewrites[i].second + "\n";
  }
  return BuiltText(text).Complaints();
}

constexpr const char* kBoth = "t.conf:4: the rewrites 'r0' and 'r1' lead in a circle\n";

TEST(RewriteCircleTest, FindsCirclesByNameSuffixGlobAndNetwork) {
  EXPECT_EQ(Circles({{"a.x", "b.x"}, {"*.x", "a.x"}}), kBoth);
  EXPECT_EQ(Circles({{".x", "g1.y"}, {"g*.y", "b.x"}}), kBoth);
  EXPECT_EQ(Circles({{"10.0.0.0/8", "192.0.2.7"}, {"192.0.2.7", "10.1.1.1:80"}}), kBoth);
}

TEST(RewriteCircleTest, FollowsThePortsThatAreLeftOpen) {
  EXPECT_EQ(Circles({{"a:80", "b"}, {"b:80", "a"}}), kBoth);
  EXPECT_EQ(Circles({{"a:80", "b"}, {"b:81", "a"}}), "");
  EXPECT_EQ(Circles({{"a:80", "b:81"}, {"b:81", "a"}}), "");
  EXPECT_EQ(Circles({{"a:80", "b:81"}, {"b:81", "a:80"}}), kBoth);
  EXPECT_EQ(Circles({{"a:1-100", "b"}, {"b:50-200", "a"}}), kBoth);
  EXPECT_EQ(Circles({{"a:80", ":81"}, {":81", ":80"}}), kBoth);
}

TEST(RewriteCircleTest, FollowsAHostOfManyThatStayAsTheyAre) {
  EXPECT_EQ(Circles({{":80", ":81"}, {":81", ":80"}}), kBoth);
  EXPECT_EQ(Circles({{"*.x:80", ":81"}, {".x:81", ":80"}}), kBoth);
  EXPECT_EQ(Circles({{":80", ":81"}, {"10.0.0.0/8:81", ":80"}}), kBoth);
  EXPECT_EQ(Circles({{"g*.x:80", ":81"}, {":81", ":80"}}), kBoth);
  EXPECT_EQ(Circles({{"*.x:80", ":81"}, {"*.y:81", ":80"}}), "");
  EXPECT_EQ(Circles({{"*.x:80", ":81"}, {"10.0.0.0/8:81", ":80"}}), "");
}

TEST(RewriteCircleTest, FollowsTheFirstThatTakesADestination) {
  // r1 takes what r2 would send back.
  EXPECT_EQ(Circles({{"a", "b"}, {"b", "c"}, {"b", "a"}}), "");
  // r1 takes it on one port alone.
  EXPECT_EQ(Circles({{"a", "b"}, {"b:80", "c"}, {"b", "a"}}),
            "t.conf:7: the rewrites 'r0' and 'r2' lead in a circle\n");
  EXPECT_EQ(Circles({{"a:80", "b"}, {"b:80", "c"}, {"b", "a"}}), "");
}

TEST(RewriteCircleTest, LetsARewriteTakeItsOwnResult) {
  EXPECT_EQ(Circles({{"a", "a:8080"}}), "");
  EXPECT_EQ(Circles({{"*.x", "b.x"}, {"b.x", "c.y"}}), "");
  EXPECT_EQ(Circles({{":1-100", ":50"}}), "");
  EXPECT_EQ(Circles({{":444", ":445"}, {".x", "a.x"}}), "");
}

TEST(RewriteCircleTest, FindsTwoCirclesOfOneFile) {
  EXPECT_EQ(Circles({{"a", "b"}, {"b", "a"}, {"c", "d"}, {"d", "c"}}),
            std::string(kBoth) + "t.conf:10: the rewrites 'r2' and 'r3' lead in a circle\n");
}

TEST(RewriteCircleTest, ComesToAnEndWithManyRewrites) {
  std::vector<RewriteStep> steps(kMaxRewrites);
  for (size_t i = 0; i < steps.size(); ++i) {
    ASSERT_EQ(
        ParsePattern("n" + std::to_string(i) + ".x:1-" + std::to_string(60000 - i), &steps[i].from),
        std::nullopt);
    steps[i].to_host = "n" + std::to_string(i + 1) + ".x";
  }
  for (size_t i = 0; i < steps.size(); ++i) {
    EXPECT_TRUE(FindRewriteCircle(steps, i).empty()) << i;
  }
  steps[31].to_host = "n0.x";
  EXPECT_EQ(FindRewriteCircle(steps, 0).size(), 32u);
  EXPECT_EQ(FindRewriteCircle(steps, 31).size(), 32u);
}

}  // namespace
}  // namespace config
