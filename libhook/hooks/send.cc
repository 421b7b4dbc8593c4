// sendto, sendmsg, sendmmsg: with an address they reach out. A datagram goes where the rules and
// `udp` let it; MSG_FASTOPEN on a stream socket (tcp(7)) is a connect and then a send. Under a
// supervisor, whose filter sees no address of sendmsg, what was looked at here passes it.
// Async-signal-safe. Without an address they are the real call and two loads.
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

#include "base/syscalls.h"
#include "hooks/cancellation.h"
#include "hooks/connect.h"
#include "hooks/destination.h"
#include "hooks/dns_questions.h"
#include "hooks/dns_sockets.h"
#include "hooks/errno_keeper.h"
#include "hooks/libc_search.h"
#include "hooks/next.h"
#include "hooks/process.h"
#include "hooks/remembered.h"
#include "hooks/transfer.h"
#include "hooks/user_memory.h"
#include "loop/guard.h"

namespace hooks {
namespace {

enum class Verdict : uint8_t {
  kPass,
  kReal,  // not for this library to judge: where there is a supervisor, it will
  kDialFirst,
  kRefuse,
  kQuestion,
};

// Without a filter other preloaded libraries get their turn, and no rules are read for it. musl has
// padding in its headers where the kernel reads, which only its own functions clear.
uint64_t Cookie() {
  return Remembered::Get().follows_exec() || !IsGlibc() ? 0 : Process::Get().cookie();
}

ssize_t Pass(int fd, const msghdr* message, int flags) {
  const uint64_t cookie = Cookie();
  if (cookie == 0) {
    return FromC(real::sendmsg(fd, message, flags));
  }
  const CancellationPoint here;
  return sys::PassingSendmsg(fd, message, flags, cookie);
}

int Pass(int fd, mmsghdr* messages, unsigned count, int flags) {
  const uint64_t cookie = Cookie();
  if (cookie == 0) {
    return FromC(real::sendmmsg(fd, messages, count, flags));
  }
  const CancellationPoint here;
  return sys::PassingSendmmsg(fd, messages, count, flags, cookie);
}

// sendto has no argument left for a cookie, and sendmsg of one piece does the same.
ssize_t Pass(int fd, const void* data, size_t size, int flags, const sockaddr* address,
             socklen_t length) {
  if (Cookie() == 0) {
    return FromC(real::sendto(fd, data, size, flags, address, length));
  }
  iovec piece{const_cast<void*>(data), size};
  msghdr message{};
  message.msg_name = const_cast<sockaddr*>(address);
  message.msg_namelen = length;
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  return Pass(fd, &message, flags);
}

bool IsOfUnix(const sockaddr* address, socklen_t length) {
  return length >= sizeof(sa_family_t) && IsReadable(address, sizeof(sa_family_t)) &&
         address->sa_family == AF_UNIX;
}

Verdict Judge(int fd, const sockaddr* address, socklen_t length, int flags) {
  if (address == nullptr) {
    return IsDnsSocket(fd) ? Verdict::kQuestion : Verdict::kPass;
  }
  const Destination destination = DestinationOfSend(fd, address, length);
  if (destination.kind == Destination::Kind::kNotOurs) {
    return IsOfUnix(address, length) ? Verdict::kPass : Verdict::kReal;
  }
  if (destination.kind == Destination::Kind::kStream) {
    // Without MSG_FASTOPEN the kernel ignores the address of a stream socket.
    return (flags & MSG_FASTOPEN) != 0 ? Verdict::kDialFirst : Verdict::kPass;
  }
  Process& process = Process::Get();
  if (IsLeftToLibc(process, destination)) {
    return Verdict::kReal;
  }
  if (IsQuestion(fd, destination)) {
    return Verdict::kQuestion;
  }
  const engine::DatagramJudgement judgement = JudgeDatagram(process, destination);
  if (judgement.verdict == engine::DatagramVerdict::kSend) {
    return Verdict::kPass;
  }
  SayBlocked(process, engine::LogLevel::kWarn, destination, judgement);
  return Verdict::kRefuse;
}

Verdict Judge(int fd, const msghdr& message, int flags) {
  if (message.msg_name == nullptr) {
    return Judge(fd, nullptr, 0, flags);
  }
  // The kernel cuts what is longer than its own largest address, see __copy_msghdr() of Linux.
  const auto length = static_cast<int>(message.msg_namelen);
  return length < 0
             ? Verdict::kReal
             : Judge(fd, static_cast<const sockaddr*>(message.msg_name),
                     std::min<socklen_t>(message.msg_namelen, sizeof(sockaddr_storage)), flags);
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
    case Verdict::kPass:
      return Pass(fd, &message, flags);
    case Verdict::kReal:
      return FromC(real::sendmsg(fd, &message, flags));
    case Verdict::kRefuse:
      return -EACCES;
    case Verdict::kQuestion: {
      const auto sent =
          AnswerQuestion(fd, {message.msg_iov, message.msg_iovlen},
                         static_cast<const sockaddr*>(message.msg_name), message.msg_namelen);
      return sent ? *sent : FromC(real::sendmsg(fd, &message, flags));
    }
    case Verdict::kDialFirst:
      break;
  }
  const int result =
      ConnectSocket(fd, static_cast<const sockaddr*>(message.msg_name), message.msg_namelen);
  if (result < 0) {
    return result;
  }
  const msghdr rest = WithoutAddress(message);
  return Pass(fd, &rest, flags & ~MSG_FASTOPEN);
}

ssize_t Sendto(int fd, const void* data, size_t size, int flags, const sockaddr* address,
               socklen_t length) {
  switch (Judge(fd, address, length, flags)) {
    case Verdict::kPass:
      return Pass(fd, data, size, flags, address, length);
    case Verdict::kReal:
      return FromC(real::sendto(fd, data, size, flags, address, length));
    case Verdict::kRefuse:
      return -EACCES;
    case Verdict::kQuestion: {
      const iovec piece{const_cast<void*>(data), size};
      const auto sent = AnswerQuestion(fd, {&piece, 1}, address, length);
      return sent ? *sent : FromC(real::sendto(fd, data, size, flags, address, length));
    }
    case Verdict::kDialFirst:
      if (const int result = ConnectSocket(fd, address, length); result < 0) {
        return result;
      }
      break;
  }
  return FromC(real::sendto(fd, data, size, flags & ~MSG_FASTOPEN, nullptr, 0));
}

// As the kernel does, what comes before a message that can't be sent is sent and counted.
int Sendmmsg(int fd, mmsghdr* messages, unsigned count, int flags) {
  for (unsigned i = 0; i < count; ++i) {
    const Verdict verdict = Judge(fd, messages[i].msg_hdr, flags);
    if (verdict == Verdict::kPass) {
      continue;
    }
    if (i > 0) {
      return Pass(fd, messages, i, flags);
    }
    const ssize_t sent = SendMessage(verdict, fd, messages[0].msg_hdr, flags);
    if (sent < 0) {
      return static_cast<int>(sent);
    }
    messages[0].msg_len = static_cast<unsigned>(sent);
    return 1;
  }
  return Pass(fd, messages, count, flags);
}

}  // namespace

namespace exported {

ssize_t sendto(int fd, const void* data, size_t size, int flags, const sockaddr* address,
               socklen_t length) {
  if (loop::IsBusy() && !MayTransfer(fd, flags)) {
    return -1;
  }
  if (address == nullptr && !IsDnsSocket(fd)) {
    return real::sendto(fd, data, size, flags, address, length);
  }
  const ErrnoKeeper keeper;
  return keeper.Return(Sendto(fd, data, size, flags, address, length));
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  if (loop::IsBusy() && !MayTransfer(fd, flags)) {
    return -1;
  }
  const ErrnoKeeper keeper;
  if (message == nullptr || (message->msg_name == nullptr && !IsDnsSocket(fd))) {
    return keeper.Return(Pass(fd, message, flags));
  }
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
