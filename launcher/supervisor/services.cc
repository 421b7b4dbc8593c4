#include "supervisor/services.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "base/text.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

namespace supervisor {
namespace {

std::string_view Text(Notice notice) {
  switch (notice) {
    case Notice::kForeignCalls:
      return "32-bit network calls are refused: only programs of this machine's own kind are "
             "routed";
    case Notice::kNotInspectable:
      return "network calls are refused: the program may not be inspected (it is set-uid, its "
             "binary is unreadable, or it has made itself undumpable)";
    case Notice::kUnknownSocket:
      return "connect refused: the socket was not made under gochain, and descriptors can't be "
             "taken from programs here (pidfd_getfd is denied)";
    case Notice::kOtherNetwork:
      return "DNS refused: the program is in a network namespace of its own";
    case Notice::kNoQuietNetwork:
      return "DNS from unconnected sockets (musl) is refused: it needs user namespaces "
             "(unshare -Urn) or CAP_NET_RAW";
    case Notice::kCount:
      break;
  }
  return {};
}

int IntOption(int fd, int name) {
  int value = 0;
  socklen_t length = sizeof value;
  const int result = sys::Getsockopt(fd, SOL_SOCKET, name, &value, &length);
  return result < 0 ? result : value;
}

int TakeFromProcess(Services& services, Call& call, Caller& caller, int fd, ProgramSocket* out) {
  auto taken = caller.TakeDescriptor(fd);
  if (!taken.ok()) {
    switch (taken.error().code) {
      case EBADF:
      case ESRCH:
      case EMFILE:
      case ENFILE:
        return -taken.error().code;
      default:
        services.Say(Notice::kNotInspectable, caller);
        return -EACCES;
    }
  }
  out->kept = taken.value().get();
  call.Keep(std::move(taken.value()));
  struct stat status;
  const int result = sys::Fstat(out->fd(), &status);
  out->inode = result == 0 ? status.st_ino : 0;
  return result;
}

int FindInStore(Services& services, Caller& caller, int fd, ProgramSocket* out) {
  struct stat status;
  switch (const int result = caller.StatDescriptor(fd, &status); result) {
    case 0:
      break;
    case -ENOENT:
      return -EBADF;
    case -ESRCH:
      return result;
    default:
      services.Say(Notice::kNotInspectable, caller);
      return -EACCES;
  }
  if (!S_ISSOCK(status.st_mode)) {
    return -ENOTSOCK;
  }
  out->inode = status.st_ino;
  out->stored = services.store->Find(status.st_ino);
  return out->stored == nullptr ? -ENODATA : 0;
}

}  // namespace

void Services::Say(Notice notice, Caller& caller) {
  if (said_[static_cast<size_t>(notice)].exchange(true)) {
    return;
  }
  std::array<char, 512> buffer;
  base::TextWriter writer(buffer);
  writer.Append(Text(notice)).Append(" [").Append(caller.exe());
  writer.Append(' ').AppendNumber(static_cast<uint64_t>(caller.tgid())).Append(']');
  log.Say(engine::LogLevel::kWarn, writer.view());
}

void Services::SayBlocked(engine::LogLevel level, const engine::DatagramJudgement& judgement,
                          int protocol, Caller& caller) {
  if (log.enabled(level)) {
    blocked_.Say(log, level, {judgement, protocol, caller.exe(), caller.tgid()});
  }
}

bool ProgramSocket::is_ip() const { return domain == AF_INET || domain == AF_INET6; }
bool ProgramSocket::is_tcp() const {
  return type == SOCK_STREAM && (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP);
}
bool ProgramSocket::is_udp() const {
  return type == SOCK_DGRAM && (protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE);
}

int GetSocket(Services& services, Call& call, Caller& caller, int fd, ProgramSocket* out) {
  const int got = services.store == nullptr ? TakeFromProcess(services, call, caller, fd, out)
                                            : FindInStore(services, caller, fd, out);
  if (got != 0 && got != -ENODATA) {
    return got;
  }
  if (!call.IsAlive()) {
    return -ESRCH;
  }
  if (got == -ENODATA) {
    return got;
  }
  out->domain = IntOption(out->fd(), SO_DOMAIN);
  out->type = IntOption(out->fd(), SO_TYPE);
  out->protocol = IntOption(out->fd(), SO_PROTOCOL);
  return out->domain < 0 ? out->domain : 0;
}

int ReadFailure(Services& services, Caller& caller, int error) {
  if (error == -EFAULT || error == -ESRCH) {
    return error;
  }
  services.Say(Notice::kNotInspectable, caller);
  return -EACCES;
}

}  // namespace supervisor
