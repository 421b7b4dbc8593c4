#include "supervisor/read_resolv_conf.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/syscalls.h"

namespace supervisor {

names::ResolvConf ReadResolvConf(const Caller& caller) {
  char host_name[256] = {};
  (void)gethostname(host_name, sizeof host_name - 1);
  const auto file = caller.Open("/etc/resolv.conf", O_RDONLY);
  char text[16384];
  const long size = file.ok() ? sys::Read(file->get(), text, sizeof text) : 0;
  return names::ParseResolvConf({text, size > 0 ? static_cast<size_t>(size) : 0}, host_name);
}

}  // namespace supervisor
