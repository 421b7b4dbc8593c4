#include "config/nearest_word.h"

#include <gtest/gtest.h>

namespace config {
namespace {

constexpr std::string_view kWords[] = {"default", "connect_timeout", "dns", "direct"};

TEST(NearestWordTest, CountsAllFourEditsAndIgnoresCase) {
  EXPECT_EQ(NearestWord("defualt", kWords), "default");
  EXPECT_EQ(NearestWord("efault", kWords), "default");
  EXPECT_EQ(NearestWord("ddefault", kWords), "default");
  EXPECT_EQ(NearestWord("defaulr", kWords), "default");
  EXPECT_EQ(NearestWord("DEFAULT", kWords), "default");
  EXPECT_EQ(NearestWord("conect_timout", kWords), "connect_timeout");
  EXPECT_EQ(NearestWord("dsn", kWords), "dns");
}

TEST(NearestWordTest, KeepsSilentWhenNothingIsNear) {
  EXPECT_EQ(NearestWord("proxy", kWords), "");
  EXPECT_EQ(NearestWord("", kWords), "");
  EXPECT_EQ(NearestWord("xyz", kWords), "");
  EXPECT_EQ(NearestWord(std::string(65, 'd'), kWords), "");
  EXPECT_EQ(NearestWord("direct", {}), "");
}

TEST(NearestWordTest, PrefersTheFirstOfEquals) {
  constexpr std::string_view kPair[] = {"abcd", "abce"};
  EXPECT_EQ(NearestWord("abcf", kPair), "abcd");
}

}  // namespace
}  // namespace config
