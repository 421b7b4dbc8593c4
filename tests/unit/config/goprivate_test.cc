#include "config/goprivate.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "../temp_folder.h"
#include "rules_text.h"

namespace config {
namespace {

std::map<std::string, std::string> variables;

const char* Variable(const char* name) {
  const auto found = variables.find(name);
  return found == variables.end() ? nullptr : found->second.c_str();
}

class GoPrivateTest : public testing::Test {
 protected:
  GoPrivateTest() { variables.clear(); }

  void Write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  std::string Globs(std::vector<EnvChange> changes = {}) {
    std::string out;
    for (const std::string& glob : ReadGoPrivate(changes, Variable).globs) {
      out += out.empty() ? glob : " " + glob;
    }
    return out;
  }

  TempFolder folder_;
};

TEST_F(GoPrivateTest, TakesTheHostsOfBothVariables) {
  variables = {{"GOPRIVATE", "*.Corp.example, rsc.io ,,git.example/"},
               {"GONOPROXY", "rsc.io,[a-c].example"},
               {"GONOSUMDB", "other.example"}};
  EXPECT_EQ(Globs(), "*.corp.example rsc.io git.example [a-c].example");
}

TEST_F(GoPrivateTest, TellsPathsAndMalformedGlobsApart) {
  variables = {{"GOPRIVATE", "github.com/acme,a.example,[x,github.com/acme"}};
  const GoPrivate found = ReadGoPrivate({}, Variable);
  EXPECT_EQ(found.globs, std::vector<std::string>{"a.example"});
  EXPECT_EQ(found.paths, std::vector<std::string>{"github.com/acme"});
  EXPECT_EQ(found.malformed, std::vector<std::string>{"[x"});
}

TEST_F(GoPrivateTest, PrefersTheEnvironmentOfCommandToTheFile) {
  Write("env", "# GOPRIVATE=comment\nGOPRIVATE=first\nXGOPRIVATE=no\nGOPRIVATE=file\n");
  variables = {{"GOENV", folder_ / "env"}};
  EXPECT_EQ(Globs(), "file");
  variables["GOPRIVATE"] = "";
  EXPECT_EQ(Globs(), "file");
  variables["GOPRIVATE"] = "outer";
  EXPECT_EQ(Globs(), "outer");
  EXPECT_EQ(Globs({{"GOPRIVATE", "", true}}), "file");
  EXPECT_EQ(Globs({{"GOPRIVATE", "ours", false}}), "ours");
}

TEST_F(GoPrivateTest, FindsTheFileAsGoDoes) {
  Write("home/.config/go/env", "GOPRIVATE=home\n");
  Write("xdg/go/env", "GOPRIVATE=xdg\n");
  variables = {{"HOME", folder_ / "home"}};
  EXPECT_EQ(Globs(), "home");
  variables["XDG_CONFIG_HOME"] = folder_ / "xdg";
  EXPECT_EQ(Globs(), "xdg");
  variables["XDG_CONFIG_HOME"] = "xdg";
  EXPECT_EQ(Globs(), "");
  variables.erase("XDG_CONFIG_HOME");
  variables["GOENV"] = "off";
  EXPECT_EQ(Globs(), "");
}

TEST_F(GoPrivateTest, MakesOneWordAsManyPatterns) {
  variables = {{"GOPRIVATE", "*.a.example,b.example,c.example/x,[x"}};
  Inputs inputs;
  inputs.getenv_fn = Variable;
  const BuiltText built("[rules]\nreject = exe:git@@goprivate:443\n", inputs);
  ASSERT_EQ(built.Complaints(), "");
  const auto patterns = built.config().patterns();
  ASSERT_EQ(patterns.size(), 2u);
  EXPECT_EQ(patterns[0].kind, PatternKind::kGoGlob);
  EXPECT_EQ(built.Text(patterns[0].host), "*.a.example");
  EXPECT_EQ(built.Text(patterns[1].host), "b.example");
  EXPECT_EQ(patterns[1].low_port, 443);
  EXPECT_EQ(built.Text(patterns[1].exe), "git");
  EXPECT_EQ(built.Text(patterns[1].written), "exe:git@@goprivate:443");
  ASSERT_EQ(built.built().warnings.size(), 1u);
  EXPECT_EQ(built.built().warnings[0].message, "the GOPRIVATE pattern '[x' is malformed, ignoring");
  ASSERT_EQ(built.built().notes.size(), 1u);
  EXPECT_EQ(built.built().notes[0].message,
            "the GOPRIVATE pattern 'c.example/x' has a path, which a host alone can't decide, "
            "ignoring");
}

TEST_F(GoPrivateTest, NamesNoHostWhereNothingIsSet) {
  Inputs inputs;
  inputs.getenv_fn = Variable;
  const BuiltText built("[rules]\ndirect = @goprivate a\n  @goprivate\n", inputs);
  ASSERT_EQ(built.Complaints(), "");
  EXPECT_EQ(built.config().patterns().size(), 1u);
  ASSERT_EQ(built.built().notes.size(), 1u);
  EXPECT_EQ(built.built().notes[0].message, "@goprivate names no host");
  EXPECT_EQ(built.built().notes[0].line, 2u);
}

}  // namespace
}  // namespace config
