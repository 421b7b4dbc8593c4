#include "supervisor/outgoing.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <span>

#include "base/clock.h"
#include "base/syscalls.h"

namespace supervisor {
namespace {

// More than the kernel has room for (net.core.optmem_max).
constexpr size_t kMaxControl = 65536;
constexpr size_t kMaxPieces = 1024;  // UIO_MAXIOV of Linux
// How long a thread of the crew waits before it looks whether the call is still alive.
constexpr int64_t kLookMs = 100;

size_t SizeOf(const std::vector<iovec>& pieces) {
  size_t size = 0;
  for (const iovec& piece : pieces) {
    size += std::min(piece.iov_len, std::numeric_limits<size_t>::max() - size);
  }
  return size;
}

int64_t DeadlineOf(int fd) {
  timeval timeout{};
  socklen_t length = sizeof timeout;
  if (sys::Getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, &length) < 0 ||
      (timeout.tv_sec == 0 && timeout.tv_usec == 0)) {
    return std::numeric_limits<int64_t>::max();
  }
  return base::NowMs() + timeout.tv_sec * 1000 + timeout.tv_usec / 1000;
}

// Waits in the program's place for room in the socket's buffer.
Outcome SendWithPatience(Call& call, Crew::Member& member, const msghdr& header, int flags,
                         int fd) {
  const int64_t deadline_ms = DeadlineOf(fd);
  if (!member.HandOver()) {
    return Outcome::Of(-ENOBUFS);  // all other calls would wait
  }
  for (;;) {
    pollfd writable{fd, POLLOUT, 0};
    const int64_t left_ms = std::max<int64_t>(deadline_ms - base::NowMs(), 0);
    (void)sys::Poll(&writable, 1, static_cast<int>(std::min<int64_t>(left_ms, kLookMs)));
    if (!call.IsAlive()) {
      call.Release();
      return Outcome::Answered();
    }
    const long sent = sys::PassingSendmsg(fd, &header, flags, 0);
    if (sent != -EAGAIN || base::NowMs() >= deadline_ms) {
      return Outcome::Of(sent);
    }
  }
}

}  // namespace

int ReadMessage(const Caller& caller, const msghdr& header, Outgoing* out) {
  if (NamesAddress(header)) {
    // As __copy_msghdr() of Linux: sendto(2) refuses a long one, sendmsg(2) cuts it.
    const auto size = static_cast<int>(header.msg_namelen);
    if (size < 0) {
      return -EINVAL;
    }
    out->destination.size =
        std::min<socklen_t>(header.msg_namelen, sizeof out->destination.storage);
    if (const int result = caller.Read(
            reinterpret_cast<uint64_t>(header.msg_name),
            {reinterpret_cast<uint8_t*>(&out->destination.storage), out->destination.size});
        result < 0) {
      return result;
    }
  }
  if (header.msg_iovlen > kMaxPieces) {
    return -EMSGSIZE;
  }
  out->pieces.resize(header.msg_iovlen);
  out->control = reinterpret_cast<uint64_t>(header.msg_control);
  out->control_size = header.msg_control != nullptr ? header.msg_controllen : 0;
  return caller.Read(
      reinterpret_cast<uint64_t>(header.msg_iov),
      {reinterpret_cast<uint8_t*>(out->pieces.data()), out->pieces.size() * sizeof(iovec)});
}

int ReadData(const Caller& caller, const Outgoing& message, std::vector<uint8_t>* out) {
  out->reserve(std::min(SizeOf(message.pieces), kMaxData));
  for (const iovec& piece : message.pieces) {
    const size_t at = out->size();
    out->resize(at + std::min(piece.iov_len, kMaxData - at));
    if (const int result =
            caller.Read(reinterpret_cast<uint64_t>(piece.iov_base), std::span(*out).subspan(at));
        result < 0) {
      return result;
    }
  }
  return 0;
}

std::optional<base::Endpoint> AddressOf(Outgoing& message, const ProgramSocket& socket) {
  sockaddr* const address = message.address();
  // IPv4 sockets and raw ones take AF_UNSPEC for their own family; for UDP over IPv6 it is as good
  // as no address.
  if (message.has_address() && message.destination.size >= sizeof(sa_family_t) &&
      address->sa_family == AF_UNSPEC && (socket.domain == AF_INET || socket.type == SOCK_RAW)) {
    address->sa_family = static_cast<sa_family_t>(socket.domain);
  }
  return base::Endpoint::FromSockaddr(address, message.destination.size);
}

Outcome SendCopy(Services& services, Call& call, Caller& caller, Crew::Member& member,
                 const Outgoing& message, const ProgramSocket& socket) {
  if (SizeOf(message.pieces) > kMaxData) {
    return Outcome::Of(-EMSGSIZE);
  }
  // Nobody would tell the program when the memory is its own again; ENOBUFS has it copy.
  if (message.control_size > kMaxControl || (message.flags & MSG_ZEROCOPY) != 0) {
    return Outcome::Of(-ENOBUFS);
  }
  std::vector<uint8_t> data;
  std::vector<uint8_t> control(message.control_size);
  int read = ReadData(caller, message, &data);
  if (read == 0) {
    read = caller.Read(message.control, control);
  }
  if (read < 0) {
    return Outcome::Of(ReadFailure(services, caller, read));
  }
  if (!call.IsAlive()) {
    call.Release();
    return Outcome::Answered();
  }
  Destination destination = message.destination;
  iovec piece{data.data(), data.size()};
  msghdr header{};
  header.msg_name = message.has_address() ? &destination.storage : nullptr;
  header.msg_namelen = destination.size;
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  const int flags = message.flags | MSG_DONTWAIT | MSG_NOSIGNAL;
  const long sent = sys::PassingSendmsg(socket.fd(), &header, flags, 0);
  if (sent != -EAGAIN || (message.flags & MSG_DONTWAIT) != 0 ||
      (sys::Fcntl(socket.fd(), F_GETFL) & O_NONBLOCK) != 0) {
    return Outcome::Of(sent);
  }
  return SendWithPatience(call, member, header, flags, socket.fd());
}

}  // namespace supervisor
