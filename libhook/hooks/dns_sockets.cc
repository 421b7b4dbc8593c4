#include "hooks/dns_sockets.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <span>

#include "base/syscalls.h"
#include "hooks/dns_policy.h"
#include "hooks/next.h"
#include "hooks/process.h"

namespace hooks {

constinit std::atomic<bool> g_has_dns_sockets = false;

namespace {

constexpr int kMarked = 4096;  // numbers above share one mark
constexpr int kBits = 64;
constinit std::array<std::atomic<uint64_t>, kMarked / kBits> g_marks{};
constinit std::atomic<bool> g_marked_above = false;

// 127.71.83.1 and the next ones, one for each server.
constexpr uint32_t kFirstAnswerAddress = 0x7f475301;

struct Server {
  enum State : uint8_t { kFree, kWriting, kReady };
  std::atomic<uint8_t> state = kFree;
  base::IpAddress address;
};
constinit std::array<Server, 64> g_servers{};

// In the place of `source`, which the kernel names; empty: it is the right one.
std::optional<base::Endpoint> AskedServer(int fd, const base::Endpoint& source) {
  Process& process = Process::Get();
  if (process.standing() != Process::Standing::kRouting || !source.address().IsLoopback()) {
    return std::nullopt;
  }
  if (!process.supervised()) {
    if (const auto server = OfAnswerAddress(source.address())) {
      return base::Endpoint(*server, kDnsPort);
    }
  }
  // For the kernel connected to the supervisor's responder, or, of the library's answers to IPv6
  // sockets, to another than they came from.
  const auto peer = KernelPeer(fd);
  if (!peer) {
    return std::nullopt;
  }
  if (!process.supervised()) {
    return *peer == source ? std::nullopt : peer;
  }
  struct stat status;
  return *peer == source && sys::Fstat(fd, &status) == 0
             ? process.session().peers().Find(status.st_ino, *peer)
             : std::nullopt;
}

// What was received in `room`, `received` bytes of it, from `address`, of size `*size` and in room
// for any. Returns how much the program is told that it received.
size_t Show(int fd, std::span<uint8_t> room, size_t received, sockaddr_storage* address,
            socklen_t* size) {
  const auto source =
      base::Endpoint::FromSockaddr(reinterpret_cast<const sockaddr*>(address), *size);
  const auto asked = source ? AskedServer(fd, *source) : std::nullopt;
  if (!asked) {
    return source && source->port() == kDnsPort ? NoteAnswer(room, received) : received;
  }
  sockaddr_storage shown;
  if (const socklen_t length =
          base::ToSockaddr(asked->address(), asked->port(), address->ss_family, &shown)) {
    *address = shown;
    *size = length;
  }
  return received;
}

// The memory of a message that is received in one piece, as DNS is.
std::span<uint8_t> RoomOf(const msghdr& message) {
  if (message.msg_iovlen != 1) {
    return {};
  }
  return {static_cast<uint8_t*>(message.msg_iov->iov_base), message.msg_iov->iov_len};
}

}  // namespace

bool HasDnsMark(int fd) {
  if (fd < 0) {
    return false;
  }
  if (fd >= kMarked) {
    return g_marked_above.load(std::memory_order_relaxed);
  }
  return (g_marks[static_cast<size_t>(fd / kBits)].load(std::memory_order_relaxed) >> fd % kBits &
          1) != 0;
}

void MarkDnsSocket(int fd) {
  if (fd >= kMarked) {
    g_marked_above.store(true, std::memory_order_relaxed);
  } else if (fd >= 0) {
    g_marks[static_cast<size_t>(fd / kBits)].fetch_or(uint64_t{1} << fd % kBits,
                                                      std::memory_order_relaxed);
  }
  g_has_dns_sockets.store(true, std::memory_order_relaxed);
}

void UnmarkDnsSocket(int fd) {
  if (fd >= 0 && fd < kMarked) {
    g_marks[static_cast<size_t>(fd / kBits)].fetch_and(~(uint64_t{1} << fd % kBits),
                                                       std::memory_order_relaxed);
  }
}

std::optional<base::IpAddress> AnswerAddressOf(const base::IpAddress& server) {
  for (size_t i = 0; i < g_servers.size(); ++i) {
    Server& known = g_servers[i];
    uint8_t state = known.state.load(std::memory_order_acquire);
    if (state == Server::kFree &&
        known.state.compare_exchange_strong(state, Server::kWriting, std::memory_order_acquire)) {
      known.address = server;
      known.state.store(Server::kReady, std::memory_order_release);
      state = Server::kReady;
    }
    if (state == Server::kReady && known.address == server) {
      return base::IpAddress::V4(kFirstAnswerAddress + static_cast<uint32_t>(i));
    }
  }
  return std::nullopt;
}

std::optional<base::IpAddress> OfAnswerAddress(const base::IpAddress& address) {
  const uint32_t index = address.is_v4() ? address.v4() - kFirstAnswerAddress : UINT32_MAX;
  if (index >= g_servers.size() ||
      g_servers[index].state.load(std::memory_order_acquire) != Server::kReady) {
    return std::nullopt;
  }
  return g_servers[index].address;
}

std::optional<base::Endpoint> KernelPeer(int fd) {
  sockaddr_storage address;
  socklen_t size = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  if (sys::PassingGetpeername(fd, plain, &size, Process::Get().cookie()) != 0) {
    return std::nullopt;
  }
  return base::Endpoint::FromSockaddr(plain, size);
}

ssize_t ReceiveAnswer(int fd, void* data, size_t size, int flags, sockaddr* address,
                      socklen_t* length) {
  if (address == nullptr || length == nullptr) {
    return real::recvfrom(fd, data, size, flags, address, length);
  }
  sockaddr_storage source;
  socklen_t source_size = sizeof source;
  ssize_t result =
      real::recvfrom(fd, data, size, flags, reinterpret_cast<sockaddr*>(&source), &source_size);
  if (result >= 0) {
    result = static_cast<ssize_t>(Show(fd, {static_cast<uint8_t*>(data), size},
                                       static_cast<size_t>(result), &source, &source_size));
    std::memcpy(address, &source, std::min(*length, source_size));
    *length = source_size;
  }
  return result;
}

ssize_t ReceiveAnswer(int fd, msghdr* message, int flags) {
  if (message == nullptr || message->msg_name == nullptr) {
    return real::recvmsg(fd, message, flags);
  }
  sockaddr_storage source;
  msghdr own = *message;
  own.msg_name = &source;
  own.msg_namelen = sizeof source;
  ssize_t result = real::recvmsg(fd, &own, flags);
  if (result >= 0) {
    result = static_cast<ssize_t>(
        Show(fd, RoomOf(own), static_cast<size_t>(result), &source, &own.msg_namelen));
    std::memcpy(message->msg_name, &source, std::min(message->msg_namelen, own.msg_namelen));
    own.msg_name = message->msg_name;
    *message = own;
  }
  return result;
}

int ReceiveAnswers(int fd, mmsghdr* messages, unsigned count, int flags, timespec* timeout) {
  // Fewer than were asked for are no failure.
  std::array<sockaddr_storage, 16> sources;
  std::array<mmsghdr, 16> own;
  count = std::min<unsigned>(count, own.size());
  for (unsigned i = 0; i < count; ++i) {
    own[i] = messages[i];
    if (own[i].msg_hdr.msg_name != nullptr) {
      own[i].msg_hdr.msg_name = &sources[i];
      own[i].msg_hdr.msg_namelen = sizeof sources[i];
    }
  }
  const int result = real::recvmmsg(fd, own.data(), count, flags, timeout);
  for (int i = 0; i < result; ++i) {
    msghdr& header = own[static_cast<size_t>(i)].msg_hdr;
    msghdr& theirs = messages[i].msg_hdr;
    if (theirs.msg_name != nullptr) {
      own[static_cast<size_t>(i)].msg_len =
          static_cast<unsigned>(Show(fd, RoomOf(header), own[static_cast<size_t>(i)].msg_len,
                                     &sources[static_cast<size_t>(i)], &header.msg_namelen));
      std::memcpy(theirs.msg_name, header.msg_name,
                  std::min(theirs.msg_namelen, header.msg_namelen));
      header.msg_name = theirs.msg_name;
    }
    messages[i] = own[static_cast<size_t>(i)];
  }
  return result;
}

}  // namespace hooks
