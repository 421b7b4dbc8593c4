// socket: where the supervisor can't take a program's descriptor it makes the program's sockets and
// keeps a duplicate. A socket that the library will dial is made past it, so that no duplicate
// keeps the far end from seeing the program's close. Async-signal-safe.
#include <sys/socket.h>

#include "base/syscalls.h"
#include "hooks/errno_keeper.h"
#include "hooks/next.h"
#include "hooks/process.h"

namespace hooks::exported {

int socket(int domain, int type, int protocol) {
  constexpr int kTypeMask = 0xf;  // the rest of `type` is flags
  const ErrnoKeeper keeper;
  const bool stream =
      (domain == AF_INET || domain == AF_INET6) && (type & kTypeMask) == SOCK_STREAM;
  const uint64_t cookie = stream ? Process::Get().cookie() : 0;
  return keeper.Return(cookie != 0 ? sys::PassingSocket(domain, type, protocol, cookie)
                                   : FromC(real::socket(domain, type, protocol)));
}

}  // namespace hooks::exported
