#include "supervisor/name_services.h"

#include <fcntl.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <string>

namespace supervisor {
namespace {

struct Service {
  const char* path;
  // The module of nsswitch.conf(5) that asks it for hosts; null: it is refused whatever stands
  // there (nscd isn't named there, and libc does without it).
  const char* module;
};

constexpr std::array kServices = {
    Service{"/run/nscd/socket", nullptr},
    Service{"/var/run/nscd/socket", nullptr},
    Service{"/run/systemd/resolve/io.systemd.Resolve", nullptr},
    Service{"/run/avahi-daemon/socket", nullptr},
    Service{"/var/run/avahi-daemon/socket", nullptr},
    Service{"/var/lib/sss/pipes/nss", "sss"},
    Service{"/run/nslcd/socket", "ldap"},
    Service{"/var/run/nslcd/socket", "ldap"},
    Service{"/run/samba/winbindd/pipe", "wins"},
    Service{"/var/run/samba/winbindd/pipe", "wins"},
    Service{"/var/lib/samba/winbindd_privileged/pipe", "wins"},
};

struct Identity {
  dev_t device = 0;
  ino_t inode = 0;
  bool socket = false;
};

bool Identify(const Caller& caller, const char* path, Identity* out) {
  const auto opened = caller.Open(path, O_PATH);
  struct stat status;
  if (!opened.ok() || sys::Fstat(opened->get(), &status) < 0) {
    return false;
  }
  *out = {status.st_dev, status.st_ino, S_ISSOCK(status.st_mode)};
  return true;
}

bool HostsAskHere(const Caller& caller, std::string_view service) {
  const auto file = caller.Open("/etc/nsswitch.conf", O_RDONLY);
  if (!file.ok()) {
    return false;
  }
  char text[8192];
  const long size = sys::Read(file->get(), text, sizeof text);
  return size > 0 && HostsAsk({text, static_cast<size_t>(size)}, service);
}

}  // namespace

bool HostsAsk(std::string_view nsswitch, std::string_view service) {
  constexpr std::string_view kBlank = " \t\r";
  while (!nsswitch.empty()) {
    const size_t end = nsswitch.find('\n');
    std::string_view line = nsswitch.substr(0, end);
    nsswitch.remove_prefix(end == nsswitch.npos ? nsswitch.size() : end + 1);
    line = line.substr(0, line.find('#'));
    line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
    constexpr std::string_view kHosts = "hosts:";
    if (!line.starts_with(kHosts)) {
      continue;
    }
    line.remove_prefix(kHosts.size());
    while (!line.empty()) {
      line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
      const std::string_view word = line.substr(0, line.find_first_of(kBlank));
      if (word == service) {
        return true;
      }
      line.remove_prefix(word.size());
    }
  }
  return false;
}

bool IsNameService(const Caller& caller, const sockaddr_un& address, socklen_t length) {
  constexpr size_t kPathOffset = offsetof(sockaddr_un, sun_path);
  if (length <= kPathOffset || address.sun_path[0] == '\0') {
    return false;  // unnamed or abstract: none of them is
  }
  // The kernel takes a path of the full size without a terminator.
  char path[sizeof address.sun_path + 1] = {};
  std::memcpy(path, address.sun_path,
              std::min<size_t>(length - kPathOffset, sizeof address.sun_path));
  Identity asked;
  if (!Identify(caller, path, &asked) || !asked.socket) {
    return false;
  }
  for (const Service& service : kServices) {
    Identity known;
    if (Identify(caller, service.path, &known) && known.device == asked.device &&
        known.inode == asked.inode) {
      return service.module == nullptr || HostsAskHere(caller, service.module);
    }
  }
  return false;
}

}  // namespace supervisor
