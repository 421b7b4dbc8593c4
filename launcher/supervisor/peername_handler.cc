// getpeername(2): what the program asked for, not the proxy that its socket is connected to.
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "engine/socket_copy.h"
#include "supervisor/handlers.h"

namespace supervisor {
namespace {

std::optional<base::Endpoint> AskedPeer(Services& services, Call& call, Caller& caller,
                                        int* domain) {
  ProgramSocket socket;
  const int got = GetSocket(services, call, caller, call.int_argument(0), &socket);
  if (got == -ENODATA || (got == 0 && services.store != nullptr)) {
    if (const auto peer = services.store->Peer(socket.inode)) {
      *domain = peer->domain;
      return peer->asked;
    }
  }
  if (got < 0 || !socket.is_ip()) {
    return std::nullopt;
  }
  sockaddr_storage storage;
  socklen_t size = sizeof storage;
  auto* const plain = reinterpret_cast<sockaddr*>(&storage);
  if (sys::PassingGetpeername(socket.fd(), plain, &size, 0) < 0) {
    return std::nullopt;
  }
  // A socket that was replaced for another family still speaks the old one.
  *domain = engine::StandsForIpv4(socket.fd()) ? AF_INET : socket.domain;
  const auto actual = base::Endpoint::FromSockaddr(plain, size);
  if (!actual.has_value()) {
    return std::nullopt;
  }
  if (const auto carried = services.carrier.Asked(socket.fd(), *actual)) {
    return carried;
  }
  const auto asked = services.session.peers().Find(socket.inode, *actual);
  if (asked.has_value() && services.store != nullptr) {
    // The library has dialled it past the filter, and asks so that the duplicate goes.
    services.store->Drop(socket.inode);
    services.store->SetPeer(socket.inode, {*asked, *domain});
  }
  return asked;
}

}  // namespace

void HandleGetpeername(Services& services, Call& call, Caller& caller) {
  int domain = AF_INET;
  const auto asked = AskedPeer(services, call, caller, &domain);
  sockaddr_storage address{};
  const socklen_t size =
      asked.has_value() ? base::ToSockaddr(asked->address(), asked->port(), domain, &address) : 0;
  if (size == 0) {
    call.Continue();  // nothing of ours; and where it can't be told, the truth is no leak
    return;
  }
  int room = 0;
  if (const int result = caller.ReadObject(call.argument(2), &room); result < 0) {
    call.Fail(EFAULT);
    return;
  }
  if (room < 0) {
    call.Fail(EINVAL);
    return;
  }
  // Cut to the room there is, but with its full length told; see getpeername(2).
  const auto* const bytes = reinterpret_cast<const uint8_t*>(&address);
  const size_t shown = std::min<size_t>(static_cast<size_t>(room), size);
  const int full = static_cast<int>(size);
  if (!call.IsAlive()) {
    call.Release();
    return;
  }
  if ((shown > 0 && caller.Write(call.argument(1), {bytes, shown}) < 0) ||
      caller.Write(call.argument(2), {reinterpret_cast<const uint8_t*>(&full), sizeof full}) < 0) {
    call.Fail(EFAULT);
    return;
  }
  call.Return(0);
}

}  // namespace supervisor
