#include "config/env_section.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "rules_text.h"

namespace config {
namespace {

const char* Variable(const char* name) { return std::strcmp(name, "TEAM") == 0 ? "blue" : nullptr; }

// "-NAME" for what is unset, "NAME=VALUE" for what is set.
std::string Changes(std::string_view section) {
  Inputs inputs;
  inputs.getenv_fn = Variable;
  const BuiltText built("[env]\n" + std::string(section), inputs);
  std::string out = built.Complaints();
  for (const EnvChange& change : built.built().env) {
    out += change.unset ? "-" + change.name + "\n" : change.name + "=" + change.value + "\n";
  }
  return out;
}

TEST(EnvReaderTest, GivesWhatIsUnsetThenWhatIsSet) {
  EXPECT_EQ(Changes("GOPROXY = https://goproxy.cn,direct ; mirror\nunset = B A\n  C\nempty =\n"
                    "_X1 = ${TEAM}-${NONE:-x=y}\n"),
            "-B\n-A\n-C\nGOPROXY=https://goproxy.cn,direct\nempty=\n_X1=blue-x=y\n");
}

TEST(EnvReaderTest, RefusesNames) {
  EXPECT_EQ(Changes("A-B = 1\nunset = 1A GOCHAIN_LOG\nLD_PRELOAD = x\n"),
            "t.conf:2: bad variable name 'A-B'\n"
            "t.conf:3: bad variable name '1A'\n"
            "t.conf:3: 'GOCHAIN_LOG' is gochain's own\n"
            "t.conf:4: 'LD_PRELOAD' is gochain's own\n");
}

TEST(EnvReaderTest, RefusesOneNameTwice) {
  EXPECT_EQ(Changes("A = 1\nunset = A B\n  B\nA = 2\na = 3\n"),
            "t.conf:3: 'A' is set and unset; first on line 2\n"
            "t.conf:4: 'B' is given twice; first on line 3\n"
            "t.conf:5: 'A' is given twice; first on line 2\n");
}

TEST(EnvReaderTest, NeedsNamesToUnset) {
  EXPECT_EQ(Changes("unset =\n"), "t.conf:2: 'unset' has no value\n");
  EXPECT_EQ(Changes("unset =\n  A\n"), "-A\n");
  EXPECT_EQ(Changes("unset = A\nunset = B\n"),
            "t.conf:3: 'unset' is given twice; first on line 2\n");
}

TEST(EnvReaderTest, SaysHowCommandSeesAVariable) {
  const EnvChange changes[] = {{"A", "", true}, {"B", "two", false}};
  EXPECT_EQ(CommandVariable(changes, "A", Variable), std::nullopt);
  EXPECT_EQ(CommandVariable(changes, "B", Variable), "two");
  EXPECT_EQ(CommandVariable(changes, "TEAM", Variable), "blue");
  EXPECT_EQ(CommandVariable(changes, "NONE", Variable), std::nullopt);
}

}  // namespace
}  // namespace config
