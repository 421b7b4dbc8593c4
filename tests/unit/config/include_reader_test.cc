#include "config/include_reader.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "../temp_folder.h"
#include "rules_text.h"

namespace config {
namespace {

class IncludeReaderTest : public testing::Test {
 protected:
  void Write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  Inputs Main() {
    Inputs inputs;
    inputs.file = folder_ / "main.conf";
    return inputs;
  }
  // The complaints about main.conf, without the folder.
  std::string Complaints() {
    std::string text = BuiltText(Main()).Complaints();
    const std::string prefix = folder_ / "";
    for (size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at)) {
      text.erase(at, prefix.size());
    }
    return text;
  }

  TempFolder folder_;
};

TEST_F(IncludeReaderTest, PutsTheRulesWhereTheIncludeStands) {
  Write("main.conf",
        "[rules]\ndirect = a\n[gochain]\ninclude = sub/x.conf\n  sub/y.conf\ndefault = p\n"
        "include = z.conf\n[rules]\ndirect = b\n");
  Write("sub/x.conf", "[rules]\np = x\n[gochain]\ninclude = w.conf\n[rules]\np = x2\n");
  Write("sub/w.conf", "[rules]\nreject = w\n");
  Write("sub/y.conf", "[proxy p]\nurl = http://h\n[rules]\nreject = y\n");
  Write("z.conf", "");
  const BuiltText built(Main());
  ASSERT_EQ(built.Complaints(), "");
  std::string written;
  for (const Pattern& pattern : built.config().patterns()) {
    written += built.Text(pattern.written) + " ";
  }
  EXPECT_EQ(written, "a x w x2 y b ");
  const Source& source = built.config().patterns()[2].source;
  EXPECT_EQ(built.Text(source.file), folder_ / "sub/w.conf");
  EXPECT_EQ(source.line, 2u);
}

TEST_F(IncludeReaderTest, SortsErrorsByFileAndLine) {
  Write("main.conf", "[gochain]\ninclude = a.conf\ndefault = x\ninclude =\ndns = 1\n");
  Write("a.conf", "[rules]\nx = *\n[gochain]\ndefault = direct\ninclude = none.conf\n");
  EXPECT_EQ(Complaints(),
            "main.conf:3: 'default' is given twice; first on a.conf:4\n"
            "main.conf:4: 'include' has no value\n"
            "main.conf:5: bad dns '1': remote or local is needed\n"
            "a.conf:2: unknown route 'x'\n"
            "a.conf:5: can't read 'none.conf': No such file or directory\n");
}

TEST_F(IncludeReaderTest, TakesAFileTwiceButNotWithinItself) {
  Write("main.conf", "[gochain]\ninclude = a.conf\ninclude = a.conf\n");
  Write("a.conf", "[rules]\ndirect = a\n");
  EXPECT_EQ(Complaints(), "");
  Write("main.conf", "[gochain]\ninclude = b.conf\n");
  Write("b.conf", "[gochain]\ninclude = link.conf\n");
  ASSERT_EQ(symlink("main.conf", (folder_ / "link.conf").c_str()), 0);
  EXPECT_EQ(Complaints(), "b.conf:2: the include 'link.conf' leads back to this file\n");
}

TEST_F(IncludeReaderTest, ComesToAnEndWhereFilesMultiply) {
  for (int i = 0; i < 12; ++i) {
    const std::string next = std::to_string(i + 1) + ".conf";
    Write(i == 0 ? "main.conf" : std::to_string(i) + ".conf",
          "[gochain]\ninclude = " + next + "\ninclude = " + next + "\n");
  }
  Write("12.conf", "");
  EXPECT_NE(Complaints().find(": more than 1000 files\n"), std::string::npos);
}

TEST_F(IncludeReaderTest, LeavesIncludeAWordLikeOthersElsewhere) {
  Write("main.conf", "[hosts]\ninclude = ::1\n[rules]\ninclude = a.conf\n");
  EXPECT_EQ(Complaints(), "main.conf:4: unknown route 'include'\n");
}

}  // namespace
}  // namespace config
