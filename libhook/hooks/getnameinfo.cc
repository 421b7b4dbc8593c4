// getnameinfo: a made-up address gives the name it stands for. RFC 3493 §6.2.
#include <netdb.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

#include "base/endpoint.h"
#include "hooks/errno_keeper.h"
#include "hooks/lookup.h"
#include "hooks/next.h"

namespace hooks {
namespace {

int Getnameinfo(const sockaddr* address, socklen_t length, char* host, socklen_t host_size,
                char* service, socklen_t service_size, int flags) {
  const auto endpoint = base::Endpoint::FromSockaddr(address, length);
  const AddressAnswer answer = endpoint ? LookUpAddress(endpoint->address()) : AddressAnswer{};
  if (answer.kind == AddressAnswer::Kind::kReal) {
    return real::getnameinfo(address, length, host, host_size, service, service_size, flags);
  }
  const bool named = answer.kind == AddressAnswer::Kind::kName;
  if (!named && (flags & NI_NAMEREQD) == 0) {
    return real::getnameinfo(address, length, host, host_size, service, service_size,
                             flags | NI_NUMERICHOST);
  }
  // libc checks the arguments and fills in the service; the number goes nowhere.
  std::array<char, NI_MAXHOST> number;
  const int error = real::getnameinfo(address, length, number.data(), number.size(), service,
                                      service_size, (flags & ~NI_NAMEREQD) | NI_NUMERICHOST);
  if (error != 0 || !named) {
    return error != 0 ? error : EAI_NONAME;
  }
  const std::string_view name = answer.name.name();
  if (name.size() >= host_size) {
    return EAI_OVERFLOW;
  }
  std::memcpy(host, name.data(), name.size());
  host[name.size()] = '\0';
  return 0;
}

}  // namespace

namespace exported {

int getnameinfo(const sockaddr* address, socklen_t length, char* host, socklen_t host_size,
                char* service, socklen_t service_size, int flags) {
  if (address == nullptr || host == nullptr || host_size == 0 || (flags & NI_NUMERICHOST) != 0) {
    return real::getnameinfo(address, length, host, host_size, service, service_size, flags);
  }
  const ErrnoKeeper keeper;
  const int error = Getnameinfo(address, length, host, host_size, service, service_size, flags);
  if (error != EAI_SYSTEM) {
    keeper.Restore();
  }
  return error;
}

}  // namespace exported
}  // namespace hooks
