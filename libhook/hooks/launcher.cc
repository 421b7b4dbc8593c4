#include "hooks/launcher.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/syscalls.h"
#include "hooks/environment.h"
#include "hooks/remembered.h"

namespace hooks {
namespace {

// "../../bin/gochain" is where `make install` puts it.
constexpr std::string_view kPlaces[] = {"gochain", "../../bin/gochain"};
constexpr size_t kMaxPlace = 32;

}  // namespace

bool MayAccess(const char* path, int how) {
  long result = sys::Call(SYS_faccessat2, AT_FDCWD, reinterpret_cast<long>(path), how, AT_EACCESS);
  if (result == -ENOSYS || result == -EPERM) {
    result = sys::Call(SYS_faccessat, AT_FDCWD, reinterpret_cast<long>(path), how);
  }
  return result == 0;
}

size_t LauncherRoom() { return Remembered::Get().library().size() + kMaxPlace; }

const char* FindLauncher(char* room) {
  const char* const named = Variable("GOCHAIN_LAUNCHER");
  if (named != nullptr && *named != '\0') {
    return MayAccess(named, X_OK) ? named : nullptr;
  }
  const std::string_view library = Remembered::Get().library();
  const size_t folder = library.rfind('/') + 1;
  for (const std::string_view place : kPlaces) {
    std::memcpy(room, library.data(), folder);
    std::memcpy(room + folder, place.data(), place.size());
    room[folder + place.size()] = '\0';
    if (MayAccess(room, X_OK)) {
      return room;
    }
  }
  return nullptr;
}

}  // namespace hooks
