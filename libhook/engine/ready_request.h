// ReadyRequest: how the library asks the supervisor for a ready connection to a first hop: by a
// connect(2), without the cookie that would let it pass the filter, to this "address". What answers
// is the supervisor's alone: for a kernel without it this is an AF_UNSPEC connect, which undoes
// nothing on a fresh socket. The call returns 1 + the Socks5Method, or -ENOENT.
#ifndef GOCHAIN_ENGINE_READY_REQUEST_H_
#define GOCHAIN_ENGINE_READY_REQUEST_H_

#include <sys/socket.h>

#include <cstdint>

namespace engine {

struct ReadyRequest {
  static constexpr uint32_t kMagic = 0x79646572;

  sa_family_t family = AF_UNSPEC;
  uint16_t proxy = 0;
  uint32_t magic = kMagic;
  uint64_t cookie = 0;  // the run's: whoever knows it is the library
  uint64_t unused = 0;  // no other AF_UNSPEC address is that long
};

}  // namespace engine

#endif  // GOCHAIN_ENGINE_READY_REQUEST_H_
