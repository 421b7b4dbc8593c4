#include "hooks/host_entry.h"

#include <cstring>

namespace hooks {

bool FillHostEntry(std::string_view name, int family, std::span<const uint8_t> address,
                   hostent* entry, std::span<char> buffer) {
  struct Lists {
    char* aliases[1];
    char* addresses[2];
    uint8_t address[16];
  };
  const auto start = reinterpret_cast<uintptr_t>(buffer.data());
  const size_t padding = (alignof(Lists) - start % alignof(Lists)) % alignof(Lists);
  if (buffer.size() < padding + sizeof(Lists) + name.size() + 1) {
    return false;
  }
  auto* const lists = reinterpret_cast<Lists*>(buffer.data() + padding);
  char* const text = buffer.data() + padding + sizeof(Lists);
  std::memcpy(text, name.data(), name.size());
  text[name.size()] = '\0';
  std::memcpy(lists->address, address.data(), address.size());
  lists->aliases[0] = nullptr;
  lists->addresses[0] = reinterpret_cast<char*>(lists->address);
  lists->addresses[1] = nullptr;
  entry->h_name = text;
  entry->h_aliases = lists->aliases;
  entry->h_addrtype = family;
  entry->h_length = static_cast<int>(address.size());
  entry->h_addr_list = lists->addresses;
  return true;
}

}  // namespace hooks
