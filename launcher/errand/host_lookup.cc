#include "errand/host_lookup.h"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>

namespace errand {

std::vector<base::IpAddress> LookUpHost(const std::string& name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  std::vector<base::IpAddress> out;
  if (getaddrinfo(name.c_str(), nullptr, &hints, &list) != 0) {
    return out;
  }
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    if (const auto found = base::Endpoint::FromSockaddr(entry->ai_addr, entry->ai_addrlen)) {
      out.push_back(found->address());
    }
  }
  freeaddrinfo(list);
  return out;
}

HostLookup::HostLookup(std::string_view name,
                       std::vector<base::IpAddress> (*look)(const std::string& name))
    : found_(std::make_shared<std::vector<base::IpAddress>>()),
      errand_([found = found_, look, name = std::string(name)] { *found = look(name); }) {}

int HostLookup::Take(std::span<base::IpAddress> out) const {
  if (errand_.error() != 0) {
    return -errand_.error();
  }
  const size_t count = std::min(found_->size(), out.size());
  std::copy_n(found_->begin(), count, out.begin());
  return static_cast<int>(count);
}

}  // namespace errand
