// sendto, sendmsg, sendmmsg: with an address they reach out. A datagram goes where the rules say
// direct; MSG_FASTOPEN on a stream socket (tcp(7)) is a connect and then a send.
// Async-signal-safe. Without an address they are the real call and two loads.
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "hooks/connect.h"
#include "hooks/destination.h"
#include "hooks/errno_keeper.h"
#include "hooks/next.h"
#include "hooks/process.h"
#include "hooks/transfer.h"
#include "loop/guard.h"

namespace hooks {
namespace {

enum class Verdict : uint8_t {
  kReal,
  kDialFirst,
  kToSupervisor,
  kRefuse,
};

// Once a process: programs try again.
void SayBlocked(Process& process, const base::Endpoint& endpoint) {
  static constinit std::atomic_flag said = ATOMIC_FLAG_INIT;
  if (said.test_and_set(std::memory_order_relaxed)) {
    return;
  }
  std::array<char, base::kMaxEndpointText> target;
  std::array<char, 512> line;
  base::TextWriter text(line);
  text.Append("UDP to ").Append(endpoint.Text(target)).Append(" is blocked, as all UDP is that no");
  text.Append(" rule sends direct [").Append(process.exe()).Append(" ");
  text.AppendNumber(static_cast<uint64_t>(process.pid())).Append("]");
  process.log().Say(engine::LogLevel::kWarn, text.view());
}

Verdict Judge(int fd, const void* address, socklen_t length, int flags) {
  const Destination destination =
      DestinationOfSend(fd, static_cast<const sockaddr*>(address), length);
  if (destination.kind == Destination::Kind::kNotOurs) {
    return Verdict::kReal;
  }
  if (destination.kind == Destination::Kind::kStream) {
    // Without MSG_FASTOPEN the kernel ignores the address of a stream socket.
    return (flags & MSG_FASTOPEN) != 0 ? Verdict::kDialFirst : Verdict::kReal;
  }
  Process& process = Process::Get();
  if (IsLeftToLibc(process, destination)) {
    return process.supervised() ? Verdict::kToSupervisor : Verdict::kReal;
  }
  if (MaySendDatagram(process, destination.endpoint)) {
    return Verdict::kReal;
  }
  SayBlocked(process, destination.endpoint);
  return Verdict::kRefuse;
}

Verdict Judge(int fd, const msghdr& message, int flags) {
  return message.msg_name != nullptr ? Judge(fd, message.msg_name, message.msg_namelen, flags)
                                     : Verdict::kReal;
}

// The filter sees the address of sendto, but not that of sendmsg, which is behind a pointer; so the
// message goes out by sendto, without its ancillary data. Pieces are put together up to a size that
// no DNS query has.
ssize_t SendByAddress(int fd, const msghdr& message, int flags) {
  const auto* const address = static_cast<const sockaddr*>(message.msg_name);
  if (message.msg_iovlen == 1) {
    return FromC(real::sendto(fd, message.msg_iov->iov_base, message.msg_iov->iov_len, flags,
                              address, message.msg_namelen));
  }
  std::array<char, 4096> whole;
  size_t size = 0;
  for (size_t i = 0; i < message.msg_iovlen; ++i) {
    const iovec& piece = message.msg_iov[i];
    if (piece.iov_len > whole.size() - size) {
      return -EMSGSIZE;
    }
    std::memcpy(whole.data() + size, piece.iov_base, piece.iov_len);
    size += piece.iov_len;
  }
  return FromC(real::sendto(fd, whole.data(), size, flags, address, message.msg_namelen));
}

// The message without its address, for a socket that is connected by now.
msghdr WithoutAddress(const msghdr& message) {
  msghdr out = message;
  out.msg_name = nullptr;
  out.msg_namelen = 0;
  return out;
}

ssize_t SendMessage(Verdict verdict, int fd, const msghdr& message, int flags) {
  switch (verdict) {
    case Verdict::kReal:
      return FromC(real::sendmsg(fd, &message, flags));
    case Verdict::kRefuse:
      return -EACCES;
    case Verdict::kToSupervisor:
      return SendByAddress(fd, message, flags);
    case Verdict::kDialFirst:
      break;
  }
  const int result =
      ConnectSocket(fd, static_cast<const sockaddr*>(message.msg_name), message.msg_namelen);
  if (result < 0) {
    return result;
  }
  const msghdr rest = WithoutAddress(message);
  return FromC(real::sendmsg(fd, &rest, flags & ~MSG_FASTOPEN));
}

ssize_t Sendto(int fd, const void* data, size_t size, int flags, const sockaddr* address,
               socklen_t length) {
  switch (Judge(fd, address, length, flags)) {
    case Verdict::kReal:
    case Verdict::kToSupervisor:
      return FromC(real::sendto(fd, data, size, flags, address, length));
    case Verdict::kRefuse:
      return -EACCES;
    case Verdict::kDialFirst:
      break;
  }
  if (const int result = ConnectSocket(fd, address, length); result < 0) {
    return result;
  }
  return FromC(real::sendto(fd, data, size, flags & ~MSG_FASTOPEN, nullptr, 0));
}

// As the kernel does, what comes before a message that can't be sent is sent and counted.
int Sendmmsg(int fd, mmsghdr* messages, unsigned count, int flags) {
  for (unsigned i = 0; i < count; ++i) {
    const Verdict verdict = Judge(fd, messages[i].msg_hdr, flags);
    if (verdict == Verdict::kReal) {
      continue;
    }
    if (i > 0) {
      return FromC(real::sendmmsg(fd, messages, i, flags));
    }
    const ssize_t sent = SendMessage(verdict, fd, messages[0].msg_hdr, flags);
    if (sent < 0) {
      return static_cast<int>(sent);
    }
    messages[0].msg_len = static_cast<unsigned>(sent);
    return 1;
  }
  return FromC(real::sendmmsg(fd, messages, count, flags));
}

}  // namespace

namespace exported {

ssize_t sendto(int fd, const void* data, size_t size, int flags, const sockaddr* address,
               socklen_t length) {
  if (loop::IsBusy() && !MayTransfer(fd, flags)) {
    return -1;
  }
  if (address == nullptr) {
    return real::sendto(fd, data, size, flags, address, length);
  }
  const ErrnoKeeper keeper;
  return keeper.Return(Sendto(fd, data, size, flags, address, length));
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  if (loop::IsBusy() && !MayTransfer(fd, flags)) {
    return -1;
  }
  if (message == nullptr || message->msg_name == nullptr) {
    return real::sendmsg(fd, message, flags);
  }
  const ErrnoKeeper keeper;
  return keeper.Return(SendMessage(Judge(fd, *message, flags), fd, *message, flags));
}

int sendmmsg(int fd, mmsghdr* messages, unsigned count, int flags) {
  if (loop::IsBusy() && !MayTransfer(fd, flags)) {
    return -1;
  }
  if (messages == nullptr) {
    return real::sendmmsg(fd, messages, count, flags);
  }
  const ErrnoKeeper keeper;
  return keeper.Return(Sendmmsg(fd, messages, count, flags));
}

}  // namespace exported
}  // namespace hooks
