#include "hooks/daemon.h"

#include <sys/un.h>

#include <cstddef>
#include <cstring>
#include <string_view>

#include "engine/outside_daemon.h"
#include "hooks/process.h"
#include "hooks/remembered.h"

namespace hooks {

void NoteDaemon(const sockaddr* address, socklen_t length) {
  constexpr size_t kPath = offsetof(sockaddr_un, sun_path);
  // The kernel has read all of it.
  if (length <= kPath || address->sa_family != AF_UNIX || !Remembered::Get().follows_exec()) {
    return;
  }
  const char* const text = reinterpret_cast<const sockaddr_un*>(address)->sun_path;
  const std::string_view path(text, strnlen(text, length - kPath));
  if (!engine::IsDaemonSocket(path)) {
    return;
  }
  Process& process = Process::Get();
  if (process.standing() == Process::Standing::kRouting) {
    process.ShareTables();
    engine::WarnOfDaemon(process.session(), process, path);
  }
}

}  // namespace hooks
