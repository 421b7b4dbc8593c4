#include "hooks/host_entry.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace hooks {

namespace {

// Where `address` lies in a socket address of `family`, which may be IPv4 in its mapped form.
std::span<const uint8_t> BytesOf(const base::IpAddress& address, int family,
                                 sockaddr_storage* storage) {
  base::ToSockaddr(address, 0, family, storage);
  const auto* const bytes = reinterpret_cast<const uint8_t*>(storage);
  return family == AF_INET6 ? std::span(bytes + offsetof(sockaddr_in6, sin6_addr), 16)
                            : std::span(bytes + offsetof(sockaddr_in, sin_addr), 4);
}

}  // namespace

bool FillHostEntry(std::string_view name, int family, std::span<const base::IpAddress> addresses,
                   hostent* entry, std::span<char> buffer) {
  // The list of aliases, which is empty, that of addresses, the addresses, the name.
  const auto start = reinterpret_cast<uintptr_t>(buffer.data());
  const size_t padding = (alignof(char*) - start % alignof(char*)) % alignof(char*);
  const size_t lists_size = (addresses.size() + 2) * sizeof(char*);
  const size_t length = family == AF_INET6 ? sizeof(in6_addr) : sizeof(in_addr);
  if (buffer.size() < padding + lists_size + addresses.size() * length + name.size() + 1) {
    return false;
  }
  auto** const lists = reinterpret_cast<char**>(buffer.data() + padding);
  char* at = buffer.data() + padding + lists_size;
  lists[0] = nullptr;
  for (size_t i = 0; i < addresses.size(); ++i) {
    sockaddr_storage storage;
    std::memcpy(at, BytesOf(addresses[i], family, &storage).data(), length);
    lists[1 + i] = at;
    at += length;
  }
  lists[1 + addresses.size()] = nullptr;
  std::memcpy(at, name.data(), name.size());
  at[name.size()] = '\0';
  entry->h_name = at;
  entry->h_aliases = lists;
  entry->h_addrtype = family;
  entry->h_length = static_cast<int>(length);
  entry->h_addr_list = lists + 1;
  return true;
}

}  // namespace hooks
