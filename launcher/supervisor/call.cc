#include "supervisor/call.h"

#include <fcntl.h>

namespace supervisor {

int Call::Give(int fd, int replaced, bool close_on_exec, bool answer) {
  seccomp_notif_addfd request{};
  request.id = id();
  request.srcfd = static_cast<uint32_t>(fd);
  request.newfd_flags = close_on_exec ? O_CLOEXEC : 0;
  if (replaced >= 0) {
    request.flags |= SECCOMP_ADDFD_FLAG_SETFD;
    request.newfd = static_cast<uint32_t>(replaced);
  }
  if (answer) {
    request.flags |= SECCOMP_ADDFD_FLAG_SEND;
    const int result = notifier_.AddFd(request);
    if (result != -EINVAL) {
      answered_ = result >= 0 || result == -ENOENT;
      return result;
    }
    // Before Linux 5.14 the answer takes a second step. A thread that is interrupted in between
    // has a descriptor too many.
    request.flags &= ~static_cast<uint32_t>(SECCOMP_ADDFD_FLAG_SEND);
  }
  const int result = notifier_.AddFd(request);
  if (answer && result >= 0) {
    Return(result);
  }
  return result;
}

}  // namespace supervisor
