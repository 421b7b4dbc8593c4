#include "process/library_path.h"

#include <limits.h>
#include <unistd.h>

namespace process {

std::string FindLibrary() {
  char self[PATH_MAX];
  const ssize_t size = readlink("/proc/self/exe", self, sizeof self);
  if (size <= 0) {
    return {};
  }
  std::string folder(self, static_cast<size_t>(size));
  folder.erase(folder.rfind('/'));
  for (const char* const place : {"/libgochain.so", "/../lib/gochain/libgochain.so"}) {
    const std::string path = folder + place;
    char resolved[PATH_MAX];
    if (realpath(path.c_str(), resolved) != nullptr && access(resolved, R_OK) == 0) {
      return resolved;
    }
  }
  return {};
}

}  // namespace process
