// PathSearch: the files that execvp(3) tries for a name, one after the other.
//
// Async-signal-safe. The real execvp can't be used: each file has to be judged before it is
// started.
#ifndef GOCHAIN_PROGRAM_PATH_SEARCH_H_
#define GOCHAIN_PROGRAM_PATH_SEARCH_H_

#include <limits.h>

#include <array>
#include <cerrno>
#include <string_view>

namespace program {

class PathSearch {
 public:
  // `path` is the value of PATH; null: the variable is not set. Both outlive the search.
  PathSearch(const char* name, const char* path);

  // 0, or the errno of a search that can't be made.
  int error() const { return error_; }
  // The next file, valid until the next call; nullptr after the last.
  const char* Next();

  // Where a search goes on after exec failed with errno `error`.
  static bool GoesOnAfter(int error);

 private:
  std::string_view name_;
  const char* rest_ = nullptr;  // of PATH; null: at its end
  int error_ = 0;
  std::array<char, PATH_MAX + NAME_MAX + 2> file_;
};

// execvpe(3) by means of `execute(file, argv)`, which returns -errno. `path` as above; `to_shell`:
// a file that is no program (ENOEXEC) is given to `shell(file)`, as glibc does and musl doesn't.
template <typename Execute, typename Shell>
int ExecuteByName(const char* name, const char* path, Execute execute, Shell shell) {
  const auto attempt = [&](const char* file) {
    const int result = execute(file);
    return result == -ENOEXEC ? shell(file) : result;
  };
  PathSearch search(name, path);
  if (search.error() != 0) {
    return -search.error();
  }
  bool denied = false;
  int result = -ENOENT;
  while (const char* const file = search.Next()) {
    result = attempt(file);
    denied = denied || result == -EACCES;
    if (!PathSearch::GoesOnAfter(-result)) {
      return result;
    }
  }
  return denied ? -EACCES : result;
}

}  // namespace program

#endif  // GOCHAIN_PROGRAM_PATH_SEARCH_H_
