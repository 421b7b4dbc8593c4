// gethostbyaddr and gethostbyaddr_r: a made-up address gives the name it stands for.
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>

#include "base/endpoint.h"
#include "hooks/errno_keeper.h"
#include "hooks/host_entry.h"
#include "hooks/lookup.h"
#include "hooks/next.h"

namespace hooks {
namespace {

constinit hostent g_entry = {};
alignas(16) constinit char g_buffer[kHostEntrySize] = {};

std::optional<std::span<const uint8_t>> Bytes(const void* address, socklen_t length, int family) {
  const auto* const bytes = static_cast<const uint8_t*>(address);
  if (bytes == nullptr || !((family == AF_INET && length == sizeof(in_addr)) ||
                            (family == AF_INET6 && length == sizeof(in6_addr)))) {
    return std::nullopt;
  }
  return std::span(bytes, length);
}

base::IpAddress AddressOf(std::span<const uint8_t> bytes) {
  return bytes.size() == 4 ? base::IpAddress::V4Bytes(bytes.first<4>())
                           : base::IpAddress::V6Bytes(bytes.first<16>());
}

AddressAnswer LookUp(std::optional<std::span<const uint8_t>> bytes) {
  return bytes ? LookUpAddress(AddressOf(*bytes)) : AddressAnswer{};
}

// The value of h_errno, or 0 with the entry filled in.
int Fill(const AddressAnswer& answer, std::span<const uint8_t> bytes, int family, hostent* entry,
         std::span<char> buffer) {
  if (answer.kind != AddressAnswer::Kind::kName) {
    return HOST_NOT_FOUND;
  }
  const base::IpAddress address = AddressOf(bytes);
  return FillHostEntry(answer.name.name(), family, {&address, 1}, entry, buffer) ? 0
                                                                                 : NETDB_INTERNAL;
}

}  // namespace

namespace exported {

hostent* gethostbyaddr(const void* address, socklen_t length, int family) {
  const ErrnoKeeper keeper;
  const auto bytes = Bytes(address, length, family);
  const AddressAnswer answer = LookUp(bytes);
  if (answer.kind == AddressAnswer::Kind::kReal) {
    return real::gethostbyaddr(address, length, family);
  }
  keeper.Restore();
  if (const int error = Fill(answer, *bytes, family, &g_entry, g_buffer); error != 0) {
    h_errno = error;
    return nullptr;
  }
  return &g_entry;
}

int gethostbyaddr_r(const void* address, socklen_t length, int family, hostent* entry, char* buffer,
                    size_t size, hostent** result, int* error) {
  const ErrnoKeeper keeper;
  const auto bytes = Bytes(address, length, family);
  const AddressAnswer answer = LookUp(bytes);
  if (answer.kind == AddressAnswer::Kind::kReal) {
    return real::gethostbyaddr_r(address, length, family, entry, buffer, size, result, error);
  }
  keeper.Restore();
  const int failed = Fill(answer, *bytes, family, entry, {buffer, size});
  *result = failed == 0 ? entry : nullptr;
  if (failed != 0) {
    *error = failed;
  }
  return failed == NETDB_INTERNAL ? ERANGE : 0;
}

}  // namespace exported
}  // namespace hooks
