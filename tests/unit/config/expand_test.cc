#include "config/expand.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace config {
namespace {

const char* Variable(const char* name) {
  const struct {
    const char* name;
    const char* value;
  } variables[] = {{"HOME", "/home/u"}, {"A", "one"},    {"EMPTY", ""},
                   {"NESTED", "${A}"},  {"BAD", "a\nb"}, {"_x9", "under"}};
  for (const auto& variable : variables) {
    if (std::strcmp(variable.name, name) == 0) {
      return variable.value;
    }
  }
  return nullptr;
}

// What comes out, or the complaint behind a '!'.
std::string Expand(std::string_view text) {
  std::string out;
  const auto complaint = ExpandVariables(text, Variable, &out);
  return complaint ? "!" + complaint->message : out;
}

std::string Path(std::string_view text, GetenvFn getenv_fn = Variable) {
  std::string out;
  const auto complaint = ExpandPath(text, "conf.d/", getenv_fn, &out);
  return complaint ? "!" + complaint->message : out;
}

TEST(ExpandTest, PutsVariablesIn) {
  EXPECT_EQ(Expand("${A}-${_x9}-${EMPTY}-"), "one-under--");
  EXPECT_EQ(Expand("${NESTED}"), "${A}");
  EXPECT_EQ(Expand("${EMPTY:-some words}${NONE:-}${A:-two}"), "some wordsone");
  EXPECT_EQ(Expand("$A $ $$ {A} }"), "$A $ $$ {A} }");
}

TEST(ExpandTest, SaysWhatIsWrong) {
  EXPECT_EQ(Expand("${NONE}"), "!the variable 'NONE' is not set");
  EXPECT_EQ(Expand("a${A"), "!'${' without '}'");
  for (const char* name : {"", "a b", "1A", "A:+x", "A-x"}) {
    EXPECT_EQ(Expand("${" + std::string(name) + "}"),
              "!bad variable name '" + std::string(name) + "'");
  }
  EXPECT_EQ(Expand("${BAD}"), "!the variable 'BAD' has a control byte (0x0a)");
  EXPECT_EQ(Expand("${BAD:-x}"), "!the variable 'BAD' has a control byte (0x0a)");
}

TEST(ExpandTest, JoinsRelativePaths) {
  EXPECT_EQ(Path("a.conf"), "conf.d/a.conf");
  EXPECT_EQ(Path("../a.conf"), "conf.d/../a.conf");
  EXPECT_EQ(Path("/etc/a.conf"), "/etc/a.conf");
  EXPECT_EQ(Path("~/a.conf"), "/home/u/a.conf");
  EXPECT_EQ(Path("~"), "/home/u");
  EXPECT_EQ(Path("~root/a"), "conf.d/~root/a");
  EXPECT_EQ(Path("a/~/b"), "conf.d/a/~/b");
  EXPECT_EQ(Path("${HOME}/a"), "/home/u/a");
  EXPECT_EQ(Path("${A}/a"), "conf.d/one/a");
  const auto nothing = [](const char*) -> const char* { return nullptr; };
  const auto empty = [](const char*) -> const char* { return ""; };
  EXPECT_EQ(Path("~/a", nothing), "!'~' needs HOME, which is not set");
  EXPECT_EQ(Path("~/a", empty), "!'~' needs HOME, which is not set");
}

}  // namespace
}  // namespace config
