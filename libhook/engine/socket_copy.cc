#include "engine/socket_copy.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstring>

#include "base/syscalls.h"

namespace engine {
namespace {

// Newer than the headers of some systems (socket(7), Linux 5.14).
constexpr int kSoBufLock = 72;
constexpr int kSendBufferLock = 1;
constexpr int kReceiveBufferLock = 2;

struct Option {
  int level;
  int name;
};

constexpr Option kOptions[] = {
    {SOL_SOCKET, SO_REUSEADDR},
    {SOL_SOCKET, SO_REUSEPORT},
    {SOL_SOCKET, SO_KEEPALIVE},
    {SOL_SOCKET, SO_LINGER},
    {SOL_SOCKET, SO_OOBINLINE},
    {SOL_SOCKET, SO_DONTROUTE},
    {SOL_SOCKET, SO_PRIORITY},
    {SOL_SOCKET, SO_RCVLOWAT},
    {SOL_SOCKET, SO_RCVTIMEO},
    {SOL_SOCKET, SO_SNDTIMEO},
    {SOL_SOCKET, SO_MARK},
    {SOL_SOCKET, SO_BINDTODEVICE},
    {SOL_SOCKET, SO_TIMESTAMP},
    {SOL_SOCKET, SO_BUSY_POLL},
    {SOL_SOCKET, SO_MAX_PACING_RATE},
    {SOL_SOCKET, SO_ZEROCOPY},
    {IPPROTO_TCP, TCP_NODELAY},
    {IPPROTO_TCP, TCP_CORK},
    {IPPROTO_TCP, TCP_MAXSEG},
    {IPPROTO_TCP, TCP_KEEPIDLE},
    {IPPROTO_TCP, TCP_KEEPINTVL},
    {IPPROTO_TCP, TCP_KEEPCNT},
    {IPPROTO_TCP, TCP_SYNCNT},
    {IPPROTO_TCP, TCP_LINGER2},
    {IPPROTO_TCP, TCP_WINDOW_CLAMP},
    {IPPROTO_TCP, TCP_CONGESTION},
    {IPPROTO_TCP, TCP_USER_TIMEOUT},
    {IPPROTO_TCP, TCP_NOTSENT_LOWAT},
    {IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS},
};

struct Value {
  unsigned char bytes[32] = {};  // IFNAMSIZ and TCP_CA_NAME_MAX are 16
  socklen_t size = 0;

  bool Read(int fd, Option option) {
    size = sizeof bytes;
    return sys::Getsockopt(fd, option.level, option.name, bytes, &size) == 0;
  }
  bool operator==(const Value& other) const {
    return size == other.size && std::memcmp(bytes, other.bytes, size) == 0;
  }
};

// Only what differs is set: some options lose their automatic behaviour by being set at all.
void Copy(int from, Option source, int to, Option destination) {
  Value wanted;
  Value present;
  if (!wanted.Read(from, source)) {
    return;
  }
  if (!present.Read(to, destination) || !(present == wanted)) {
    sys::Setsockopt(to, destination.level, destination.name, wanted.bytes, wanted.size);
  }
}

int Integer(int fd, int level, int name) {
  int value = 0;
  socklen_t size = sizeof value;
  return sys::Getsockopt(fd, level, name, &value, &size) == 0 ? value : 0;
}

int Domain(int fd) { return Integer(fd, SOL_SOCKET, SO_DOMAIN); }

// The kernel doubles what it is told and tells the double; sizes that nobody set tune themselves.
void CopyBufferSizes(int from, int to) {
  const int locks = Integer(from, SOL_SOCKET, kSoBufLock);
  if ((locks & kSendBufferLock) != 0) {
    const int half = Integer(from, SOL_SOCKET, SO_SNDBUF) / 2;
    sys::Setsockopt(to, SOL_SOCKET, SO_SNDBUF, &half, sizeof half);
  }
  if ((locks & kReceiveBufferLock) != 0) {
    const int half = Integer(from, SOL_SOCKET, SO_RCVBUF) / 2;
    sys::Setsockopt(to, SOL_SOCKET, SO_RCVBUF, &half, sizeof half);
  }
}

struct NetworkOptions {
  Option traffic_class;
  Option hop_limit;
  Option mtu_discovery;
};

NetworkOptions OptionsOf(int fd) {
  return Domain(fd) == AF_INET6
             ? NetworkOptions{{IPPROTO_IPV6, IPV6_TCLASS},
                              {IPPROTO_IPV6, IPV6_UNICAST_HOPS},
                              {IPPROTO_IPV6, IPV6_MTU_DISCOVER}}
             : NetworkOptions{
                   {IPPROTO_IP, IP_TOS}, {IPPROTO_IP, IP_TTL}, {IPPROTO_IP, IP_MTU_DISCOVER}};
}

void CopyStatusFlags(int from, int to) {
  const int flags = sys::Fcntl(from, F_GETFL);
  if (flags < 0) {
    return;
  }
  if ((flags & O_ASYNC) != 0) {
    f_owner_ex owner{};
    if (sys::Fcntl(from, F_GETOWN_EX, reinterpret_cast<long>(&owner)) == 0) {
      sys::Fcntl(to, F_SETOWN_EX, reinterpret_cast<long>(&owner));
    }
    sys::Fcntl(to, F_SETSIG, sys::Fcntl(from, F_GETSIG));
  }
  sys::Fcntl(to, F_SETFL, flags & (O_NONBLOCK | O_ASYNC));
}

// The mark: off on the stand-in and on everywhere else, since it means nothing to a stream socket.
constexpr Option kMark = {IPPROTO_IPV6, IPV6_MULTICAST_LOOP};

}  // namespace

bool StandsForIpv4(int fd) {
  int value = 1;
  socklen_t size = sizeof value;
  return sys::Getsockopt(fd, kMark.level, kMark.name, &value, &size) == 0 && value == 0;
}

void CopySocketOptions(int from, int to) {
  for (const Option option : kOptions) {
    Copy(from, option, to, option);
  }
  const NetworkOptions source = OptionsOf(from);
  const NetworkOptions destination = OptionsOf(to);
  Copy(from, source.traffic_class, to, destination.traffic_class);
  Copy(from, source.hop_limit, to, destination.hop_limit);
  Copy(from, source.mtu_discovery, to, destination.mtu_discovery);
  CopyBufferSizes(from, to);
  CopyStatusFlags(from, to);
  if (Domain(from) == AF_INET && Domain(to) == AF_INET6) {
    const int off = 0;
    sys::Setsockopt(to, kMark.level, kMark.name, &off, sizeof off);
  }
}

}  // namespace engine
