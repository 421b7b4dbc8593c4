#include "relay/ssh_door.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/fd_message.h"

namespace relay {
namespace {

using base::Fd;

struct Request {
  std::array<char, base::kMaxNameLength + 1> host;  // terminated
  uint16_t port;
};
struct Reply {
  bool connected;
};

// The command sends its request as soon as it is connected.
constexpr timeval kRequestTime = {1, 0};

// False where the path is too long.
bool MakeAddress(const std::string& path, sockaddr_un* out) {
  *out = {};
  out->sun_family = AF_UNIX;
  if (path.size() >= sizeof out->sun_path) {
    return false;
  }
  std::memcpy(out->sun_path, path.data(), path.size());
  return true;
}

std::optional<base::Endpoint> ToEndpoint(std::string_view host, uint16_t port) {
  if (const auto address = base::IpAddress::Parse(host)) {
    return base::Endpoint(*address, port);
  }
  return base::Endpoint::FromName(host, port);
}

}  // namespace

int SshDoor::Open(const std::string& path) {
  sockaddr_un address;
  if (!MakeAddress(path, &address)) {
    return ENAMETOOLONG;
  }
  Fd made(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!made || bind(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(made.get(), 4) != 0) {
    return errno;
  }
  listener_ = std::move(made);
  return 0;
}

std::optional<SshDoor::Caller> SshDoor::Take() const {
  Caller caller;
  caller.socket.Reset(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!caller.socket) {
    return std::nullopt;
  }
  setsockopt(caller.socket.get(), SOL_SOCKET, SO_RCVTIMEO, &kRequestTime, sizeof kRequestTime);
  Request request;
  Fd none;
  if (!base::ReceiveMessage(caller.socket.get(), &request, &none)) {
    return std::nullopt;
  }
  request.host.back() = '\0';
  const auto wanted = ToEndpoint(request.host.data(), request.port);
  if (!wanted) {
    return std::nullopt;
  }
  caller.wanted = *wanted;
  return caller;
}

void SshDoor::Answer(const Caller& caller, int connection) {
  (void)base::SendMessage(caller.socket.get(), Reply{connection >= 0}, connection);
}

int RunDoorCommand(const std::string& path, const std::string& host, const std::string& port) {
  Request request{};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), request.port);
  sockaddr_un address;
  if (error != std::errc() || end != port.data() + port.size() ||
      host.size() >= request.host.size() || !MakeAddress(path, &address)) {
    return 1;
  }
  std::memcpy(request.host.data(), host.data(), host.size());
  const Fd door(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  Reply reply;
  Fd connection;
  if (connect(door.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      !base::SendMessage(door.get(), request, -1) ||
      !base::ReceiveMessage(door.get(), &reply, &connection) || !reply.connected || !connection) {
    return 1;
  }
  const char filler = 0;
  return base::SendMessage(STDOUT_FILENO, filler, connection.get()) ? 0 : 1;
}

}  // namespace relay
