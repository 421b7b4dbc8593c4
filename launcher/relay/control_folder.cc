#include "relay/control_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace relay {
namespace {

// The address of a socket has 108 bytes, and ssh first makes its own with 17 bytes more.
constexpr size_t kMaxBase = 60;
constexpr char kName[] = "/gochain-ssh-XXXXXX";

bool MakeIn(std::string folder, std::string* out) {
  folder += kName;
  if (mkdtemp(folder.data()) == nullptr) {
    return false;
  }
  *out = folder;
  return true;
}

}  // namespace

int ControlFolder::Make() {
  const char* const own = getenv("XDG_RUNTIME_DIR");
  if (own != nullptr && own[0] == '/' && std::string(own).size() <= kMaxBase &&
      MakeIn(own, &path_)) {
    return 0;
  }
  return MakeIn("/tmp", &path_) ? 0 : errno;
}

bool ControlFolder::TakeSocket() {
  socket_.Reset(open(socket_path().c_str(), O_PATH | O_CLOEXEC | O_NOFOLLOW));
  if (!socket_) {
    return false;
  }
  Remove();
  return true;
}

std::string ControlFolder::taken_path() const {
  return "/proc/self/fd/" + std::to_string(socket_.get());
}

void ControlFolder::Remove() {
  if (path_.empty()) {
    return;
  }
  // The socket has a second name for a moment, which ssh makes up.
  if (DIR* const folder = opendir(path_.c_str())) {
    while (const dirent* const entry = readdir(folder)) {
      if (entry->d_name[0] != '.') {
        unlinkat(dirfd(folder), entry->d_name, 0);
      }
    }
    closedir(folder);
  }
  rmdir(path_.c_str());
  path_.clear();
}

}  // namespace relay
