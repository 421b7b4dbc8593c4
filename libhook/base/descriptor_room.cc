#include "base/descriptor_room.h"

#include <fcntl.h>

#include "base/syscalls.h"

namespace base {

void MakeRoomForDescriptors(int fd) {
  constexpr long kLast = 1023;  // the usual soft limit allows no more
  const int copy = sys::Fcntl(fd, F_DUPFD_CLOEXEC, kLast);
  if (copy >= 0) {
    sys::Close(copy);
  }
}

}  // namespace base
