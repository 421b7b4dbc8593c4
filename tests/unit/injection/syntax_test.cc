#include "injection/syntax.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace injection {
namespace {

using Changes = std::vector<config::EnvChange>;

std::string Lines(Syntax syntax, const Changes& changes) {
  std::string text;
  std::string error;
  return Format(changes, syntax, &text, &error) ? text : "error: " + error;
}

// The line of one variable, N.
std::string Line(Syntax syntax, const std::string& value) {
  return Lines(syntax, {{"N", value, false}});
}

constexpr Syntax kAll[] = {Syntax::kSh, Syntax::kFish, Syntax::kGithub, Syntax::kGitlab,
                           Syntax::kDotenv};

TEST(ParseSyntaxTest, KnowsItsWordsAlone) {
  for (const Syntax syntax : kAll) {
    Syntax parsed = Syntax::kSh;
    EXPECT_TRUE(ParseSyntax(kSyntaxWords[static_cast<size_t>(syntax)], &parsed));
    EXPECT_EQ(parsed, syntax);
  }
  Syntax parsed = Syntax::kFish;
  EXPECT_FALSE(ParseSyntax("bash", &parsed));
  EXPECT_FALSE(ParseSyntax("", &parsed));
  EXPECT_EQ(parsed, Syntax::kFish);
}

TEST(FormatTest, KeepsTheOrderAndTakesAway) {
  const Changes changes = {{"A", "", true}, {"B", "1", false}, {"C", "", false}};
  EXPECT_EQ(Lines(Syntax::kSh, changes), "unset A\nexport B='1'\nexport C=''\n");
  EXPECT_EQ(Lines(Syntax::kFish, changes),
            "set -eg A; set -qx A; and set -gx A ''\nset -gx B '1'\nset -gx C ''\n");
  for (const Syntax syntax : {Syntax::kGithub, Syntax::kGitlab, Syntax::kDotenv}) {
    EXPECT_EQ(Lines(syntax, changes), "A=\nB=1\nC=\n");
  }
}

TEST(FormatTest, QuotesForEachReader) {
  const struct {
    const char* value;
    const char* sh;
    const char* fish;
    const char* dotenv;
  } cases[] = {
      {"/a-b_c.d:1,x@y%2C+=", "'/a-b_c.d:1,x@y%2C+='", "'/a-b_c.d:1,x@y%2C+='",
       "/a-b_c.d:1,x@y%2C+="},
      {"a b", "'a b'", "'a b'", "'a b'"},
      {"it's", "'it'\\''s'", "'it\\'s'", "\"it's\""},
      {"a$b`c\"\\", "'a$b`c\"\\'", "'a$b`c\"\\\\'", "'a$b`c\"\\'"},
      {"'$x`\"\\", "''\\''$x`\"\\'", "'\\'$x`\"\\\\'", "\"'\\$x\\`\\\"\\\\\""},
      {"one\ntwo", "'one\ntwo'", "'one\ntwo'", "'one\ntwo'"},
      {"\xe4\xb8\xad", "'\xe4\xb8\xad'", "'\xe4\xb8\xad'", "'\xe4\xb8\xad'"},
      {"~#!", "'~#!'", "'~#!'", "'~#!'"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Line(Syntax::kSh, c.value), std::string("export N=") + c.sh + "\n");
    EXPECT_EQ(Line(Syntax::kFish, c.value), std::string("set -gx N ") + c.fish + "\n");
    EXPECT_EQ(Line(Syntax::kDotenv, c.value), std::string("N=") + c.dotenv + "\n");
  }
}

TEST(FormatTest, GivesGithubsRunnerTheBareValue) {
  EXPECT_EQ(Line(Syntax::kGithub, " a'b\"$c<<d=e "), "N= a'b\"$c<<d=e \n");
  EXPECT_EQ(Line(Syntax::kGithub, "one\ntwo"), "N<<GOCHAIN_END\none\ntwo\nGOCHAIN_END\n");
  EXPECT_EQ(Line(Syntax::kGithub, "\n"), "N<<GOCHAIN_END\n\n\nGOCHAIN_END\n");
}

TEST(FormatTest, EndsAHeredocByAWordThatIsNoLineOfTheValue) {
  EXPECT_EQ(Line(Syntax::kGithub, "GOCHAIN_END\nx"),
            "N<<GOCHAIN_END_\nGOCHAIN_END\nx\nGOCHAIN_END_\n");
  EXPECT_EQ(Line(Syntax::kGithub, "x\nGOCHAIN_END_\nGOCHAIN_END"),
            "N<<GOCHAIN_END__\nx\nGOCHAIN_END_\nGOCHAIN_END\nGOCHAIN_END__\n");
  EXPECT_EQ(Line(Syntax::kGithub, "aGOCHAIN_END\nb"),
            "N<<GOCHAIN_END\naGOCHAIN_END\nb\nGOCHAIN_END\n");
}

TEST(FormatTest, RefusesWhatTheReaderWouldChange) {
  EXPECT_EQ(Line(Syntax::kGitlab, "it's=\"x\""), "N=it's=\"x\"\n");
  EXPECT_EQ(Line(Syntax::kGitlab, "a b"),
            "error: --env=gitlab: the value of N has a blank or a line break, which can't be said "
            "there");
  EXPECT_EQ(Line(Syntax::kGitlab, "a\nb"), Line(Syntax::kGitlab, "a b"));
  EXPECT_EQ(Line(Syntax::kGitlab, "a$b"),
            "error: --env=gitlab: the value of N has a '$', which can't be said there");
  for (const Syntax syntax : {Syntax::kGithub, Syntax::kGitlab}) {
    EXPECT_NE(Line(syntax, "\xff").find("of N has bytes that aren't UTF-8"), std::string::npos);
  }
  for (const Syntax syntax : {Syntax::kSh, Syntax::kFish, Syntax::kDotenv}) {
    EXPECT_EQ(Line(syntax, "\xff").substr(0, 6).find("error"), std::string::npos);
  }
}

}  // namespace
}  // namespace injection
