#include "program/path_search.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace program {
namespace {

std::vector<std::string> All(const std::string& name, const char* path) {
  PathSearch search(name.c_str(), path);
  std::vector<std::string> out;
  while (const char* const file = search.Next()) {
    out.emplace_back(file);
  }
  return out;
}

using Files = std::vector<std::string>;

TEST(PathSearchTest, TriesEachFolderInOrder) {
  EXPECT_EQ(All("ls", "/a:b/c:/d"), (Files{"/a/ls", "b/c/ls", "/d/ls"}));
}

TEST(PathSearchTest, TakesAnEmptyFolderForTheCurrentOne) {
  EXPECT_EQ(All("ls", ":/a::/b:"), (Files{"ls", "/a/ls", "ls", "/b/ls", "ls"}));
  EXPECT_EQ(All("ls", ""), (Files{"ls"}));
}

TEST(PathSearchTest, SearchesNotForANameWithASlash) {
  EXPECT_EQ(All("./ls", "/a:/b"), (Files{"./ls"}));
  EXPECT_EQ(All("/" + std::string(5000, 'x'), "/a").size(), 1u);
}

TEST(PathSearchTest, HasADefault) {
  EXPECT_EQ(All("ls", nullptr), (Files{"/bin/ls", "/usr/bin/ls"}));
}

TEST(PathSearchTest, LeavesOutFoldersThatAreNoPath) {
  EXPECT_EQ(All("ls", (std::string(PATH_MAX, 'x') + ":/a").c_str()), (Files{"/a/ls"}));
}

TEST(PathSearchTest, RefusesNamesThatNoFolderHolds) {
  EXPECT_EQ(PathSearch("", "/a").error(), ENOENT);
  EXPECT_EQ(PathSearch(std::string(NAME_MAX + 1, 'x').c_str(), "/a").error(), ENAMETOOLONG);
}

struct Tried {
  Files files;
  int result;
};

// What execvp does where the files of a path fail, one after the other, with `errors`.
Tried Search(const std::vector<int>& errors) {
  Tried out;
  out.result = ExecuteByName(
      "ls", "/0:/1:/2",
      [&](const char* file) {
        out.files.emplace_back(file);
        return -errors[out.files.size() - 1];
      },
      [&](const char* file) {
        out.files.push_back(std::string("sh ") + file);
        return -E2BIG;
      });
  return out;
}

TEST(ExecuteByNameTest, GoesOnUntilAFileIsThere) {
  EXPECT_EQ(Search({ENOENT, ENOTDIR, ENOENT}).result, -ENOENT);
  EXPECT_EQ(Search({ENOENT, ENOMEM, ENOENT}).files.size(), 2u);
  EXPECT_EQ(Search({ENOENT, ENOMEM, ENOENT}).result, -ENOMEM);
}

TEST(ExecuteByNameTest, RemembersThatAFileWasThereButDenied) {
  EXPECT_EQ(Search({EACCES, ENOENT, ENOENT}).result, -EACCES);
  EXPECT_EQ(Search({EACCES, ENOENT, ENOENT}).files.size(), 3u);
}

TEST(ExecuteByNameTest, GivesWhatIsNoProgramToTheShell) {
  EXPECT_EQ(Search({ENOENT, ENOEXEC}).files, (Files{"/0/ls", "/1/ls", "sh /1/ls"}));
}

}  // namespace
}  // namespace program
