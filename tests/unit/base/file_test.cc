#include "base/file.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>

#include "../temp_folder.h"

namespace base {
namespace {

class ReadFileTest : public testing::Test {
 protected:
  std::string Write(const std::string& text) {
    const std::string path = folder_ / "file";
    std::ofstream(path) << text;
    return path;
  }

  TempFolder folder_;
};

TEST_F(ReadFileTest, AppendsAllBytes) {
  const std::string text = std::string(10000, 'a') + std::string(1, '\0') + "\r\n";
  std::string out = "before";
  EXPECT_EQ(ReadFile(Write(text), text.size(), &out), 0);
  EXPECT_EQ(out, "before" + text);
}

TEST_F(ReadFileTest, RefusesMoreThanTheLimit) {
  std::string out;
  EXPECT_EQ(ReadFile(Write(std::string(10001, 'a')), 10000, &out), EFBIG);
  EXPECT_EQ(ReadFile("/dev/zero", 10000, &out), EFBIG);
}

TEST_F(ReadFileTest, GivesTheErrno) {
  std::string out;
  EXPECT_EQ(ReadFile(folder_ / "none", 1, &out), ENOENT);
  EXPECT_EQ(ReadFile(folder_ / "", 1, &out), EISDIR);
}

}  // namespace
}  // namespace base
