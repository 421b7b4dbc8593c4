// TempFolder: a folder of the test's own, gone with it.
#ifndef GOCHAIN_TESTS_UNIT_TEMP_FOLDER_H_
#define GOCHAIN_TESTS_UNIT_TEMP_FOLDER_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

class TempFolder {
 public:
  TempFolder() {
    std::string pattern = testing::TempDir() + "gochain-unit-XXXXXX";
    path_ = mkdtemp(pattern.data()) != nullptr ? pattern : "/nonexistent";
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

#endif  // GOCHAIN_TESTS_UNIT_TEMP_FOLDER_H_
