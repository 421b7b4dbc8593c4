// Every .case of bad_files/: the bad files give exactly the diagnostics that the case has, the
// mended ones none. bad_files/README.md has the format. Run from the project's root, as make does.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "../temp_folder.h"
#include "rules_text.h"

namespace config {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFolder = "tests/unit/config/bad_files";
constexpr size_t kFewestCases = 200;

// What lies on the disk and in the environment: with the mistake, or with its mend.
struct Side {
  std::map<std::string, std::string> files;
  std::vector<std::string> environment;  // NAME=VALUE
};

struct Case {
  std::string name;
  std::string expected;
  Side bad;
  Side mended;
};

void PrintTo(const Case& entry, std::ostream* out) { *out << entry.name << ".case"; }

// "\x1b" is that byte, "a\{200}" 200 times 'a'.
std::string Unescape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    unsigned number = 0;
    if (text.starts_with("\\x") && text.size() >= 4 &&
        std::from_chars(&text[2], &text[2] + 2, number, 16).ptr == &text[2] + 2) {
      out += static_cast<char>(number);
      text.remove_prefix(4);
    } else if (text.starts_with("\\{") && !out.empty()) {
      const size_t end = text.find('}');
      std::from_chars(&text[2], text.data() + std::min(end, text.size()), number);
      out.append(number > 0 ? number - 1 : 0, out.back());
      text.remove_prefix(std::min(end, text.size() - 1) + 1);
    } else {
      out += text.front();
      text.remove_prefix(1);
    }
  }
  return out;
}

void Add(const std::string& part, const std::string& line, Side* side) {
  if (part == "environment") {
    side->environment.push_back(line);
  } else {
    side->files[part] += line + "\n";
  }
}

Case ReadCase(const fs::path& path) {
  Case out;
  out.name = path.stem();
  std::ifstream file(path);
  std::string part;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("=== ")) {
      part = line.substr(4);
    } else if (part.empty()) {
      out.expected += Unescape(line) + "\n";
    } else {
      const char mark = line.empty() ? ' ' : line.front();
      EXPECT_NE(std::string(" -+").find(mark), std::string::npos) << path << ": " << line;
      const std::string text = Unescape(std::string_view(line).substr(line.empty() ? 0 : 1));
      if (mark != '+') {
        Add(part, text, &out.bad);
      }
      if (mark != '-') {
        Add(part, text, &out.mended);
      }
    }
  }
  return out;
}

std::vector<Case> ReadCases() {
  std::vector<Case> out;
  std::error_code missing;
  for (const fs::directory_entry& entry : fs::directory_iterator(kFolder, missing)) {
    if (entry.path().extension() == ".case") {
      out.push_back(ReadCase(entry.path()));
    }
  }
  std::sort(out.begin(), out.end(), [](const Case& a, const Case& b) { return a.name < b.name; });
  return out;
}

// A process that lives in a folder and an environment of one side of a case, for as long as this
// object does.
class Stage {
 public:
  explicit Stage(const Side& side) : umask_(umask(077)), home_(fs::current_path()) {
    for (char** variable = environ; *variable != nullptr; ++variable) {
      environment_.emplace_back(*variable);
    }
    SetEnvironment(side.environment);
    for (const auto& [name, text] : side.files) {
      const fs::path path = folder_ / name;
      fs::create_directories(path.parent_path());
      std::ofstream(path, std::ios::binary) << text;
    }
    fs::current_path(folder_ / "");
  }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  ~Stage() {
    fs::current_path(home_);
    SetEnvironment(environment_);
    umask(umask_);
  }

  Inputs inputs() const {
    Inputs out;
    out.file = "corp.conf";
    return out;
  }

 private:
  static void SetEnvironment(const std::vector<std::string>& variables) {
    clearenv();
    for (const std::string& variable : variables) {
      const size_t split = variable.find('=');
      setenv(variable.substr(0, split).c_str(), variable.substr(split + 1).c_str(), 1);
    }
  }

  TempFolder folder_;
  mode_t umask_;
  fs::path home_;
  std::vector<std::string> environment_;
};

class BadFilesTest : public testing::TestWithParam<Case> {};

TEST_P(BadFilesTest, AreRefusedWithTheseWords) {
  const Stage stage(GetParam().bad);
  const BuiltText built(stage.inputs());
  EXPECT_EQ(built.Complaints(), GetParam().expected);
  EXPECT_FALSE(built.ok());
  EXPECT_EQ(built.Complaints().find("s3cret"), std::string::npos);
}

TEST_P(BadFilesTest, LoadWhenMended) {
  const Stage stage(GetParam().mended);
  const BuiltText built(stage.inputs());
  EXPECT_EQ(built.Complaints(), "");
  EXPECT_TRUE(built.ok());
  EXPECT_TRUE(built.built().warnings.empty());
}

INSTANTIATE_TEST_SUITE_P(Corpus, BadFilesTest, testing::ValuesIn(ReadCases()),
                         [](const auto& entry) { return entry.param.name; });

TEST(BadFilesCorpusTest, IsWhole) {
  const std::vector<Case> cases = ReadCases();
  EXPECT_GE(cases.size(), kFewestCases);
  for (const Case& entry : cases) {
    EXPECT_NE(entry.expected, "") << entry.name;
    EXPECT_TRUE(entry.bad.files != entry.mended.files ||
                entry.bad.environment != entry.mended.environment)
        << entry.name << " has no mend";
  }
}

}  // namespace
}  // namespace config
