#include "process/library_path.h"

#include <fmt/format.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "base/file.h"

namespace process {
namespace {

std::string FolderOf(const std::string& path) { return path.substr(0, path.rfind('/')); }

std::string OwnPath() {
  char self[PATH_MAX];
  const ssize_t size = readlink("/proc/self/exe", self, sizeof self);
  return size > 0 ? std::string(self, static_cast<size_t>(size)) : std::string();
}

std::string Find() {
  const std::string self = OwnPath();
  if (self.empty()) {
    return {};
  }
  for (const char* const place : {"/libgochain.so", "/../lib/gochain/libgochain.so"}) {
    const std::string path = FolderOf(self) + place;
    char resolved[PATH_MAX];
    if (realpath(path.c_str(), resolved) != nullptr && access(resolved, R_OK) == 0) {
      return resolved;
    }
  }
  return {};
}

bool AreOneFile(const std::string& path, const std::string& other) {
  struct stat first;
  struct stat second;
  return stat(path.c_str(), &first) == 0 && stat(other.c_str(), &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

}  // namespace

std::string_view NotPreloadable(std::string_view path) {
  if (path.find_first_of(": ") != std::string_view::npos) {
    return "ld.so splits LD_PRELOAD at blanks and colons";
  }
  for (size_t at = path.find('$'); at != std::string_view::npos; at = path.find('$', at + 1)) {
    std::string_view word = path.substr(at + 1);
    word.remove_prefix(word.starts_with('{') ? 1 : 0);
    if (word.starts_with("ORIGIN") || word.starts_with("LIB") || word.starts_with("PLATFORM")) {
      return "ld.so puts other words in the place of $ORIGIN, $LIB and $PLATFORM";
    }
  }
  return "";
}

std::string FindLibrary(std::string* error) {
  std::string path = Find();
  if (path.empty()) {
    *error =
        "libgochain.so is neither beside gochain nor in ../lib/gochain; --mode=supervise works "
        "without it";
    return {};
  }
  if (const std::string_view why = NotPreloadable(path); !why.empty()) {
    *error = fmt::format(
        "'{}' can't be preloaded: {}; install gochain elsewhere, or use --mode=supervise", path,
        why);
    return {};
  }
  return path;
}

bool ParentIsRouted() {
  if (const char* const supervised = std::getenv("GOCHAIN_SUPERVISED");
      supervised != nullptr && std::string_view(supervised) == "1") {
    return true;
  }
  std::string maps;
  constexpr size_t kLargestMaps = size_t{16} << 20;
  return base::ReadFile(fmt::format("/proc/{}/maps", getppid()), kLargestMaps, &maps) == 0 &&
         maps.find("/libgochain.so") != std::string::npos;
}

std::string LauncherToName(const std::string& library) {
  std::string self = OwnPath();
  const std::string folder = FolderOf(library);
  for (const char* const place : {"/gochain", "/../../bin/gochain"}) {
    // The first that may be executed is what it takes.
    if (access((folder + place).c_str(), X_OK) == 0) {
      return AreOneFile(folder + place, self) ? "" : self;
    }
  }
  return self;
}

}  // namespace process
