#include "process/library_path.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "../temp_folder.h"

namespace process {
namespace {

TEST(NotPreloadableTest, SaysWhatTheLoaderWouldMakeOfThePath) {
  for (const char* const path : {"/a/libgochain.so", "/it's/\n$x/\xe4\xb8\xad.so", "/$", "/$LI"}) {
    EXPECT_EQ(NotPreloadable(path), "") << path;
  }
  for (const char* const path : {"/a b.so", "/a:b.so"}) {
    EXPECT_EQ(NotPreloadable(path), "ld.so splits LD_PRELOAD at blanks and colons") << path;
  }
  for (const char* const path : {"/$LIB/x", "/${ORIGIN}/x", "/$$PLATFORM", "/$LIBRARY"}) {
    EXPECT_NE(NotPreloadable(path), "") << path;
  }
}

class LauncherToNameTest : public testing::Test {
 protected:
  LauncherToNameTest() { std::filesystem::create_directories(folder_ / "lib/gochain"); }

  static std::string Self() { return std::filesystem::read_symlink("/proc/self/exe"); }

  TempFolder folder_;
};

TEST_F(LauncherToNameTest, NamesNoneThatTheLibraryFinds) {
  const std::string library = folder_ / "lib/gochain/libgochain.so";
  EXPECT_EQ(LauncherToName(library), Self());
  std::filesystem::create_directories(folder_ / "bin");
  std::filesystem::create_symlink(Self(), folder_ / "bin/gochain");
  EXPECT_EQ(LauncherToName(library), "") << "where `make install` puts it";
  EXPECT_EQ(LauncherToName(folder_ / "bin/libgochain.so"), "") << "beside it";
}

TEST_F(LauncherToNameTest, NamesItselfWhereTheLibraryWouldFindAnother) {
  const std::string other = folder_ / "lib/gochain/gochain";
  std::ofstream(other) << "#!/bin/sh\n";
  std::filesystem::create_directories(folder_ / "bin");
  std::filesystem::create_symlink(Self(), folder_ / "bin/gochain");
  const std::string library = folder_ / "lib/gochain/libgochain.so";
  EXPECT_EQ(LauncherToName(library), "") << "what can't be executed is passed over";
  ASSERT_EQ(chmod(other.c_str(), 0755), 0);
  EXPECT_EQ(LauncherToName(library), Self());
}

}  // namespace
}  // namespace process
