// The example of docs/configuration.md is what the program says. Run from the project's root, as
// make does.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "../config/rules_text.h"
#include "base/file.h"
#include "explain/explain.h"
#include "explain/lint.h"

namespace explain {
namespace {

constexpr size_t kLargestDocument = 1 << 20;

// What stands between `from` and the next "```".
std::string Block(const std::string& text, const std::string& from) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  const size_t begin = at + from.size();
  return text.substr(begin, text.find("```", begin) - begin);
}

std::string Named(std::string text) {
  for (size_t at = text.find("/proc/self/fd/"); at != std::string::npos;
       at = text.find("/proc/self/fd/")) {
    text.replace(at, text.find(':', at) - at, "corp.conf");
  }
  return text;
}

TEST(DocumentedTest, ShowsWhatExplainSays) {
  std::string document;
  ASSERT_EQ(base::ReadFile("docs/configuration.md", kLargestDocument, &document), 0);
  document.erase(0, document.find("\n## `--explain`\n"));
  const config::BuiltText built(Block(document, "```ini\n"));
  ASSERT_EQ(built.Complaints(), "");
  const std::vector<std::string> targets = {"git.internal.example:9418", "github.com:22"};
  std::string text;
  std::string error;
  ASSERT_TRUE(Explain(built.config(), {}, targets, engine::LogFormat::kText, &text, &error));
  EXPECT_EQ(Named(text), Block(document, "$ gochain -f corp.conf --explain " + targets[0] + " " +
                                             targets[1] + "\n"));
  EXPECT_EQ(Named(Lint(built.config(), {}, engine::LogFormat::kText)),
            Block(document, "$ gochain -f corp.conf --explain\n"));
}

}  // namespace
}  // namespace explain
