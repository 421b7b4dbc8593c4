#include "process/program.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "../temp_folder.h"

namespace process {
namespace {

TEST(FindProgramTest, SearchesThePathAsExecDoes) {
  const TempFolder temporary;
  const std::string folder = temporary / "path";
  ASSERT_EQ(mkdir(folder.c_str(), 0755), 0);
  std::ofstream(folder + "/tool") << "#!/bin/sh\n";
  std::ofstream(folder + "/plain") << "data\n";
  chmod((folder + "/tool").c_str(), 0755);
  const std::string old = std::getenv("PATH");
  setenv("PATH", ("/nonexistent:" + folder).c_str(), 1);
  EXPECT_EQ(FindProgram("tool"), folder + "/tool");
  EXPECT_EQ(FindProgram("plain"), "");
  EXPECT_EQ(FindProgram("./tool"), "./tool");
  setenv("PATH", old.c_str(), 1);
}

}  // namespace
}  // namespace process
