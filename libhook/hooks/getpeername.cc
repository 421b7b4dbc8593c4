// getpeername: says what the program asked for, where the kernel says the proxy. Async-signal-safe.
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "base/endpoint.h"
#include "base/syscalls.h"
#include "engine/socket_copy.h"
#include "hooks/errno_keeper.h"
#include "hooks/next.h"
#include "hooks/process.h"
#include "hooks/user_memory.h"
#include "loop/guard.h"
#include "loop/riders.h"

namespace hooks {
namespace {

// What the program asked `fd` to connect to; none where the kernel's answer is the right one.
std::optional<base::Endpoint> Asked(Process& process, int fd, sa_family_t* family) {
  sockaddr_storage storage;
  socklen_t length = sizeof storage;
  if (sys::PassingGetpeername(fd, reinterpret_cast<sockaddr*>(&storage), &length,
                              process.cookie()) != 0) {
    return std::nullopt;
  }
  *family = storage.ss_family;
  const auto actual =
      base::Endpoint::FromSockaddr(reinterpret_cast<const sockaddr*>(&storage), length);
  struct stat status;
  if (!actual || sys::Fstat(fd, &status) != 0) {
    return std::nullopt;
  }
  return process.session().peers().Find(status.st_ino, *actual);
}

int PlainGetpeername(const Process& process, int fd, sockaddr* address, socklen_t* length) {
  return process.cookie() != 0 ? sys::PassingGetpeername(fd, address, length, process.cookie())
                               : FromC(real::getpeername(fd, address, length));
}

int Getpeername(int fd, sockaddr* address, socklen_t* length) {
  if (loop::IsBusy() && loop::Look(fd) == loop::Standing::kDialling) {
    return -ENOTCONN;
  }
  Process& process = Process::Get();
  if (process.standing() != Process::Standing::kRouting || !IsReadable(length, sizeof *length)) {
    return FromC(real::getpeername(fd, address, length));
  }
  const socklen_t room = *length;
  // First the kernel, which finds what is wrong with the arguments.
  const int result = PlainGetpeername(process, fd, address, length);
  sa_family_t family = AF_UNSPEC;
  const auto asked = result == 0 ? Asked(process, fd, &family) : std::nullopt;
  if (!asked) {
    return result;
  }
  sockaddr_storage shown;
  // A socket that was replaced for another family still speaks the old one.
  if (!asked->address().is_v4()) {
    family = AF_INET6;
  } else if (family == AF_INET6 && engine::StandsForIpv4(fd)) {
    family = AF_INET;
  }
  const socklen_t size = base::ToSockaddr(asked->address(), asked->port(), family, &shown);
  std::memcpy(address, &shown, std::min(room, size));
  *length = size;
  return 0;
}

}  // namespace

namespace exported {

int getpeername(int fd, sockaddr* address, socklen_t* length) {
  const ErrnoKeeper keeper;
  return keeper.Return(Getpeername(fd, address, length));
}

}  // namespace exported
}  // namespace hooks
