// Builds the struct hostent of gethostbyname and gethostbyaddr in a buffer of the caller's.
#ifndef GOCHAIN_HOOKS_HOST_ENTRY_H_
#define GOCHAIN_HOOKS_HOST_ENTRY_H_

#include <netdb.h>

#include <cstddef>
#include <span>
#include <string_view>

#include "base/endpoint.h"

namespace hooks {

// One name and its addresses, of `family`, no aliases. False where `buffer` is too small.
bool FillHostEntry(std::string_view name, int family, std::span<const base::IpAddress> addresses,
                   hostent* entry, std::span<char> buffer);

// Room for the longest name and all the addresses that a name has here.
inline constexpr size_t kHostEntrySize = 512;

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_HOST_ENTRY_H_
