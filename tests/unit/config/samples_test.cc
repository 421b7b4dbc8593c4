// The files that are installed and documented. Run from the project's root, as make does.
#include <glob.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "config/builder.h"
#include "config/schema.h"
#include "rules_text.h"

namespace config {
namespace {

std::string Read(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> Samples() {
  glob_t found;
  std::vector<std::string> out;
  if (glob("conf/*.conf", 0, nullptr, &found) == 0) {
    out.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  globfree(&found);
  return out;
}

// What they ask of the environment.
const char* Variable(const char* name) {
  const std::string_view asked = name;
  return asked == "OFFICE_PASSWORD" ? "secret" : asked == "HOME" ? "/home/alice" : nullptr;
}

TEST(SamplesTest, LoadWithoutDiagnostics) {
  const std::vector<std::string> samples = Samples();
  EXPECT_GE(samples.size(), 4u);
  for (const std::string& path : samples) {
    Inputs inputs;
    inputs.file = path;
    inputs.getenv_fn = Variable;
    const BuiltText built(inputs);
    EXPECT_EQ(built.Complaints(), "");
    EXPECT_TRUE(built.ok()) << path;
  }
}

TEST(SamplesTest, RouteWhatTheirNamesSay) {
  const struct {
    const char* path;
    size_t hops;
  } cases[] = {{"conf/gochain.conf", 0},
               {"conf/one-proxy.conf", 1},
               {"conf/two-hops-private-direct.conf", 2},
               {"conf/ssh-d.conf", 1},
               {"conf/https-proxy.conf", 1},
               {"conf/ntlm.conf", 2},
               {"conf/failover.conf", 2},
               {"conf/ssh-host.conf", 1},
               {"conf/kerberos.conf", 1}};
  for (const auto& c : cases) {
    Inputs inputs;
    inputs.file = c.path;
    inputs.getenv_fn = Variable;
    const BuiltText built(inputs);
    ASSERT_TRUE(built.ok()) << c.path;
    EXPECT_EQ(built.config().HopCount(built.config().globals().default_route), c.hops) << c.path;
  }
}

// "#key" without a blank is an example: with the '#' gone the file must still load.
TEST(SamplesTest, LoadWithTheirExamplesToo) {
  std::string text = Read("conf/gochain.conf");
  ASSERT_NE(text, "");
  size_t examples = 0;
  for (size_t at = text.find("\n#"); at != std::string::npos; at = text.find("\n#", at + 1)) {
    if (text[at + 2] != ' ' && text[at + 2] != '\n') {
      text.erase(at + 1, 1);
      ++examples;
    }
  }
  EXPECT_GE(examples, 10u);
  Inputs inputs;
  inputs.getenv_fn = Variable;
  const BuiltText built(text, inputs);
  EXPECT_EQ(built.Complaints(), "");
  ASSERT_TRUE(built.ok());
  EXPECT_EQ(built.config().HopCount(built.config().globals().default_route), 2u);
}

TEST(SamplesTest, NameEveryKey) {
  const std::string text = Read("conf/gochain.conf");
  for (const KeyRow& row : Keys()) {
    EXPECT_TRUE(row.form == KeyForm::kName ||
                text.find(std::string(row.word) + " = ") != std::string::npos)
        << SectionHeader(*std::find_if(
               Sections().begin(), Sections().end(),
               [&](const SectionRow& section) { return section.kind == row.section; }))
        << " " << row.word;
  }
}

// Every ```ini block of the documents loads, but for those that show a mistake.
TEST(SamplesTest, LoadTheBlocksOfTheDocuments) {
  size_t blocks = 0;
  for (const char* const path : {"README.md", "README.zh-CN.md", "docs/configuration.md"}) {
    const std::string text = Read(path);
    const std::string fence = "```ini\n";
    for (size_t at = text.find(fence); at != std::string::npos; at = text.find(fence, at + 1)) {
      const size_t begin = at + fence.size();
      Inputs inputs;
      inputs.getenv_fn = Variable;
      const BuiltText built(text.substr(begin, text.find("```", begin) - begin), inputs);
      EXPECT_EQ(built.Complaints(), "") << path;
      ++blocks;
    }
  }
  EXPECT_GE(blocks, 3u);
}

}  // namespace
}  // namespace config
