#include "config/list_loader.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "../temp_folder.h"
#include "config/list_view.h"

namespace config {
namespace {

class ListLoaderTest : public testing::Test {
 protected:
  void Write(const std::string& text, const char* name = "list.txt") {
    std::ofstream(folder_ / name, std::ios::trunc) << text;
  }
  // A list that has changed a moment ago isn't kept: its times may stay as they are at the next
  // change.
  static void Settle() { std::this_thread::sleep_for(std::chrono::milliseconds(2050)); }

  // The names of the loaded list's image, or why there is none.
  std::string Load(const char* name = "list.txt") {
    std::vector<Diagnostic> diagnostics;
    auto loaded = LoadList(folder_ / name, name, ListCache(cache_folder_), &diagnostics);
    if (!loaded.ok()) {
      return std::string(loaded.error().what) + ": " + strerror(loaded.error().code);
    }
    if (!loaded->fd) {
      return diagnostics.empty() ? "?" : diagnostics[0].Text();
    }
    struct stat status;
    EXPECT_EQ(fstat(loaded->fd.get(), &status), 0);
    EXPECT_EQ(static_cast<size_t>(status.st_size), loaded->size);
    inode_ = status.st_ino;
    std::array<char, 256> path{};
    EXPECT_GT(readlink(("/proc/self/fd/" + std::to_string(loaded->fd.get())).c_str(), path.data(),
                       path.size() - 1),
              0);
    cached_ = std::string(path.data()).find("memfd") == std::string::npos;
    void* const memory = mmap(nullptr, loaded->size, PROT_READ, MAP_SHARED, loaded->fd.get(), 0);
    const auto view = ListView::FromImage({static_cast<const uint8_t*>(memory), loaded->size});
    path_ = view.ok() ? view->path() : "";
    std::string out;
    for (const char* const candidate : {"a.example", "b.example"}) {
      if (view.ok() && !view->groups().empty() &&
          view->TakesName(view->groups()[0], NameSuffixes(candidate))) {
        out += candidate[0];
      }
    }
    munmap(memory, loaded->size);
    return out;
  }

  std::string CacheFile() const {
    for (const auto& entry : std::filesystem::directory_iterator(cache_folder_)) {
      return entry.path();
    }
    return "";
  }
  size_t CacheFiles() const {
    const std::filesystem::directory_iterator files(cache_folder_);
    return static_cast<size_t>(std::distance(begin(files), end(files)));
  }

  TempFolder folder_;
  std::string cache_folder_ = folder_ / "cache/gochain";
  bool cached_ = false;
  ino_t inode_ = 0;
  std::string path_;  // that the image says it is of
};

TEST_F(ListLoaderTest, SaysWhyAFileCantBeRead) {
  EXPECT_EQ(Load(), "open: No such file or directory");
  std::filesystem::create_directory(folder_ / "folder");
  EXPECT_EQ(Load("folder"), "read: Is a directory");
}

TEST_F(ListLoaderTest, SaysWhatIsWrongInside) {
  Write("a.example\n/\n");
  EXPECT_EQ(Load(), "list.txt:2: the pattern '/' is neither a host name nor an address");
}

TEST_F(ListLoaderTest, TakesAPipe) {
  ASSERT_EQ(mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  std::thread writer([this] { Write("a.example\n", "pipe"); });
  EXPECT_EQ(Load("pipe"), "a");
  EXPECT_FALSE(cached_);
  writer.join();
}

TEST_F(ListLoaderTest, KeepsAListThatHasSettled) {
  Write("a.example\n");
  EXPECT_EQ(Load(), "a");
  EXPECT_FALSE(cached_);
  Settle();
  EXPECT_EQ(Load(), "a");
  EXPECT_TRUE(cached_);
  const ino_t first = inode_;
  EXPECT_EQ(Load(), "a");
  EXPECT_EQ(inode_, first);
  struct stat status;
  ASSERT_EQ(stat(CacheFile().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0400u);
  ASSERT_EQ(stat(cache_folder_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0700u);

  // The same size and mtime: ctime gives it away.
  timespec times[2];
  ASSERT_EQ(stat((folder_ / "list.txt").c_str(), &status), 0);
  times[0] = status.st_atim;
  times[1] = status.st_mtim;
  Write("b.example\n");
  ASSERT_EQ(utimensat(AT_FDCWD, (folder_ / "list.txt").c_str(), times, 0), 0);
  EXPECT_EQ(Load(), "b");
  EXPECT_FALSE(cached_);
  Settle();
  EXPECT_EQ(Load(), "b");
  EXPECT_TRUE(cached_);
  EXPECT_EQ(CacheFiles(), 1u);
}

TEST_F(ListLoaderTest, TrustsNoFileThatOthersMayHaveWritten) {
  Write("a.example\n");
  Settle();
  EXPECT_EQ(Load(), "a");
  const ino_t first = inode_;
  ASSERT_EQ(chmod(CacheFile().c_str(), 0620), 0);
  EXPECT_EQ(Load(), "a");
  EXPECT_NE(inode_, first);
  ASSERT_EQ(chmod(cache_folder_.c_str(), 0777), 0);
  EXPECT_EQ(Load(), "a");
  EXPECT_FALSE(cached_);
}

TEST_F(ListLoaderTest, MakesASpoiltFileAnew) {
  Write("a.example\n");
  Settle();
  EXPECT_EQ(Load(), "a");
  const std::string file = CacheFile();
  const auto size = std::filesystem::file_size(file);
  const auto spoil = [&](auto change) {
    std::filesystem::permissions(file, std::filesystem::perms(0600));
    change();
    EXPECT_EQ(Load(), "a");
    EXPECT_TRUE(cached_);
    EXPECT_EQ(std::filesystem::file_size(file), size);
  };
  spoil([&] { std::filesystem::resize_file(file, size - 1); });
  spoil([&] { std::filesystem::resize_file(file, 0); });
  spoil([&] {
    std::fstream stream(file, std::ios::in | std::ios::out);
    stream << "x";
  });
  spoil([&] {
    std::filesystem::remove(file);
    ASSERT_EQ(mkfifo(file.c_str(), 0600), 0);
  });
  spoil([&] {
    std::filesystem::remove(file);
    std::filesystem::create_symlink(folder_ / "list.txt", file);
  });
}

// The other list's key is right in all but the path.
TEST_F(ListLoaderTest, TakesNoOtherListsImage) {
  Write("a.example\n");
  ASSERT_EQ(link((folder_ / "list.txt").c_str(), (folder_ / "b.txt").c_str()), 0);
  Settle();
  EXPECT_EQ(Load(), "a");
  const std::string first = CacheFile();
  EXPECT_EQ(Load("b.txt"), "a");
  EXPECT_EQ(CacheFiles(), 2u);
  for (const auto& entry : std::filesystem::directory_iterator(cache_folder_)) {
    if (entry.path() != first) {
      std::filesystem::rename(first, entry.path());
    }
  }
  EXPECT_EQ(Load("b.txt"), "a");
  EXPECT_EQ(path_, folder_ / "b.txt");
}

TEST_F(ListLoaderTest, RemovesWhatIsOfNoUseAnyMore) {
  Write("a.example\n");
  Write("b.example\n", "gone.txt");
  Write("b.example\n", "other.txt");
  Settle();
  EXPECT_EQ(Load("gone.txt"), "b");
  const std::string gone = CacheFile();
  EXPECT_EQ(Load("other.txt"), "b");
  const std::string left = gone + ".1.2";
  const std::string young = gone + ".3.4";
  const std::string foreign = cache_folder_ + "/foreign";
  for (const std::string& path : {left, young, foreign}) {
    std::ofstream(path) << "x";
  }
  const timespec old[2] = {{1, 0}, {1, 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, left.c_str(), old, 0), 0);
  ASSERT_EQ(utimensat(AT_FDCWD, foreign.c_str(), old, 0), 0);
  std::filesystem::remove(folder_ / "gone.txt");
  EXPECT_EQ(Load(), "a");
  EXPECT_FALSE(std::filesystem::exists(gone));
  EXPECT_FALSE(std::filesystem::exists(left));
  EXPECT_TRUE(std::filesystem::exists(young));
  EXPECT_TRUE(std::filesystem::exists(foreign));
  EXPECT_EQ(CacheFiles(), 4u);
}

TEST_F(ListLoaderTest, DoesWithoutAFolder) {
  Write("a.example\n");
  Settle();
  for (const char* const folder : {"", "relative", "/proc/gochain", "/dev/null/x"}) {
    cache_folder_ = folder;
    EXPECT_EQ(Load(), "a");
    EXPECT_FALSE(cached_);
  }
}

TEST_F(ListLoaderTest, IsRightInManyProcessesAtOnce) {
  std::string text = "a.example\n";
  for (int i = 0; i < 20000; ++i) {
    text += "host" + std::to_string(i) + ".example\n";
  }
  Write(text);
  Settle();
  std::vector<pid_t> children;
  for (int i = 0; i < 8; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      _exit(Load() == "a" && cached_ ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(CacheFiles(), 1u);
}

}  // namespace
}  // namespace config
