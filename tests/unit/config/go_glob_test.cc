#include "config/go_glob.h"

#include <gtest/gtest.h>

namespace config {
namespace {

TEST(GoGlobTest, TakesWhatPathMatchTakes) {
  EXPECT_TRUE(GoGlobTakes("corp.example", "corp.example"));
  EXPECT_TRUE(GoGlobTakes("*.corp.example", "git.corp.example"));
  EXPECT_TRUE(GoGlobTakes("*.corp.example", "a.b.corp.example"));
  EXPECT_TRUE(GoGlobTakes("*", "corp.example"));
  EXPECT_TRUE(GoGlobTakes("*", ""));
  EXPECT_TRUE(GoGlobTakes("git?.corp.example", "git7.corp.example"));
  EXPECT_TRUE(GoGlobTakes("git?corp", "git.corp"));
  EXPECT_TRUE(GoGlobTakes("git[0-9a].corp", "gita.corp"));
  EXPECT_TRUE(GoGlobTakes("git[^0-9].corp", "gita.corp"));
  EXPECT_TRUE(GoGlobTakes("*a*b*c", "xaybbzc"));
  EXPECT_TRUE(GoGlobTakes("\\g[\\]t]t", "gtt"));
  EXPECT_TRUE(GoGlobTakes("[a]b*", "ab"));
}

TEST(GoGlobTest, RefusesWhatPathMatchRefuses) {
  EXPECT_FALSE(GoGlobTakes("corp.example", "git.corp.example"));
  EXPECT_FALSE(GoGlobTakes("corp.example", "corp.example.org"));
  EXPECT_FALSE(GoGlobTakes("*.corp.example", "corp.example"));
  EXPECT_FALSE(GoGlobTakes("git?", "git"));
  EXPECT_FALSE(GoGlobTakes("?", ""));
  EXPECT_FALSE(GoGlobTakes("git[0-9]", "gita"));
  EXPECT_FALSE(GoGlobTakes("git[^0-9]", "git7"));
  EXPECT_FALSE(GoGlobTakes("*a*b*c", "xaybbz"));
  EXPECT_FALSE(GoGlobTakes("", "a"));
}

TEST(GoGlobTest, TellsMalformedGlobs) {
  for (const char* good : {"", "*", "a.b", "[a-z]", "[^a]", "[a-cx-z]", "[\\]]", "\\*", "]", "-"}) {
    EXPECT_TRUE(IsGoGlob(good)) << good;
  }
  for (const char* bad : {"[", "[]", "[]a]", "[a", "[a-", "[a-]", "[-a]", "[^]", "a\\", "[\\"}) {
    EXPECT_FALSE(IsGoGlob(bad)) << bad;
    EXPECT_FALSE(GoGlobTakes(bad, "axyz")) << bad;
  }
}

TEST(GoGlobTest, NeedsNoMoreThanTheProductOfItsLengths) {
  std::string glob;
  for (int i = 0; i < 60; ++i) {
    glob += "*a";
  }
  EXPECT_FALSE(GoGlobTakes(glob + "*b", std::string(253, 'a')));
}

}  // namespace
}  // namespace config
