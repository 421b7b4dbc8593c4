// gethostbyname and its relatives: a name that could go through a proxy gets its made-up address.
#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "hooks/errno_keeper.h"
#include "hooks/host_entry.h"
#include "hooks/lookup.h"
#include "hooks/next.h"

namespace hooks {
namespace {

// What the forms without _r return stays until the next call, for all threads (gethostbyname(3)).
constinit hostent g_entry = {};
alignas(16) constinit char g_buffer[kHostEntrySize] = {};

bool IsNumeric(const char* name) {
  in_addr v4;
  in6_addr v6;
  return inet_aton(name, &v4) != 0 || inet_pton(AF_INET6, name, &v6) == 1;
}

// A name of the hooks' own: neither numeric nor for libc's resolver.
bool IsOurs(const char* name, int family, NameAnswer* answer) {
  if (name == nullptr || name[0] == '\0' || (family != AF_INET && family != AF_INET6) ||
      IsNumeric(name)) {
    return false;
  }
  *answer = LookUpName(name);
  return answer->kind != NameAnswer::Kind::kReal;
}

// What libc found may be told; else `answer` is what to tell.
bool IsKept(const hostent& found, NameAnswer* answer) {
  engine::AnsweredAddresses addresses;
  size_t count = 0;
  for (char** at = found.h_addr_list; *at != nullptr && count < addresses.size(); ++at) {
    const auto* const bytes = reinterpret_cast<const uint8_t*>(*at);
    addresses[count++] = found.h_addrtype == AF_INET6
                             ? base::IpAddress::V6Bytes(std::span<const uint8_t, 16>(bytes, 16))
                             : base::IpAddress::V4Bytes(std::span<const uint8_t, 4>(bytes, 4));
  }
  return KeepAnswer(std::span(addresses).first(count), answer);
}

// The value of h_errno, or 0 with the entry filled in; NETDB_INTERNAL where an entry wouldn't fit,
// whatever the answer, as libc has it.
int Fill(const char* name, int family, const NameAnswer& answer, hostent* entry,
         std::span<char> buffer) {
  std::string_view canonical(name);
  if (canonical.ends_with('.')) {
    canonical.remove_suffix(1);
  }
  engine::Addresses addresses;
  size_t count = 0;
  for (size_t i = 0; i < answer.count; ++i) {
    if (answer.addresses[i].is_v4() == (family == AF_INET)) {
      addresses[count++] = answer.addresses[i];
    }
  }
  hostent filled;
  if (!FillHostEntry(canonical.substr(0, base::kMaxNameLength), family,
                     std::span(addresses).first(count > 0 ? count : 1), &filled, buffer)) {
    return NETDB_INTERNAL;
  }
  switch (answer.kind) {
    case NameAnswer::Kind::kReal:
    case NameAnswer::Kind::kNoSuchName:
      return HOST_NOT_FOUND;
    case NameAnswer::Kind::kRefused:
      return NO_RECOVERY;
    case NameAnswer::Kind::kAddresses:
      break;
  }
  if (count == 0) {
    return NO_DATA;
  }
  *entry = filled;
  return 0;
}

hostent* Static(const char* name, int family, const NameAnswer& answer) {
  const int error = Fill(name, family, answer, &g_entry, g_buffer);
  if (error != 0) {
    h_errno = error;
    return nullptr;
  }
  return &g_entry;
}

int Reentrant(const char* name, int family, const NameAnswer& answer, hostent* entry,
              std::span<char> buffer, hostent** result, int* error) {
  const int failed = Fill(name, family, answer, entry, buffer);
  *result = failed == 0 ? entry : nullptr;
  if (failed != 0) {
    *error = failed;
  }
  return failed == NETDB_INTERNAL ? ERANGE : 0;
}

}  // namespace

namespace exported {

hostent* gethostbyname(const char* name) {
  const ErrnoKeeper keeper;
  NameAnswer answer;
  if (!IsOurs(name, AF_INET, &answer)) {
    hostent* const found = real::gethostbyname(name);
    if (found == nullptr || IsKept(*found, &answer)) {
      return found;
    }
  }
  keeper.Restore();
  return Static(name, AF_INET, answer);
}

hostent* gethostbyname2(const char* name, int family) {
  const ErrnoKeeper keeper;
  NameAnswer answer;
  if (!IsOurs(name, family, &answer)) {
    hostent* const found = real::gethostbyname2(name, family);
    if (found == nullptr || IsKept(*found, &answer)) {
      return found;
    }
  }
  keeper.Restore();
  return Static(name, family, answer);
}

int gethostbyname_r(const char* name, hostent* entry, char* buffer, size_t size, hostent** result,
                    int* error) {
  const ErrnoKeeper keeper;
  NameAnswer answer;
  if (!IsOurs(name, AF_INET, &answer)) {
    const int code = real::gethostbyname_r(name, entry, buffer, size, result, error);
    if (code != 0 || *result == nullptr || IsKept(**result, &answer)) {
      return code;
    }
  }
  keeper.Restore();
  return Reentrant(name, AF_INET, answer, entry, {buffer, size}, result, error);
}

int gethostbyname2_r(const char* name, int family, hostent* entry, char* buffer, size_t size,
                     hostent** result, int* error) {
  const ErrnoKeeper keeper;
  NameAnswer answer;
  if (!IsOurs(name, family, &answer)) {
    const int code = real::gethostbyname2_r(name, family, entry, buffer, size, result, error);
    if (code != 0 || *result == nullptr || IsKept(**result, &answer)) {
      return code;
    }
  }
  keeper.Restore();
  return Reentrant(name, family, answer, entry, {buffer, size}, result, error);
}

}  // namespace exported
}  // namespace hooks
