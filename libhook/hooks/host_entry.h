// Builds the struct hostent of gethostbyname and gethostbyaddr in a buffer of the caller's.
#ifndef GOCHAIN_HOOKS_HOST_ENTRY_H_
#define GOCHAIN_HOOKS_HOST_ENTRY_H_

#include <netdb.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace hooks {

// One name, one address (4 or 16 bytes in network order), no aliases. False where `buffer` is too
// small.
bool FillHostEntry(std::string_view name, int family, std::span<const uint8_t> address,
                   hostent* entry, std::span<char> buffer);

// Room for the longest name and its lists.
inline constexpr size_t kHostEntrySize = 512;

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_HOST_ENTRY_H_
