#include "chain/stream.h"

#include <sys/socket.h>

#include "base/syscalls.h"

namespace chain {

long SocketStream::Send(std::span<const uint8_t> data) {
  return sys::Send(fd_, data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

long SocketStream::Receive(std::span<uint8_t> out, bool peek) {
  return sys::Recv(fd_, out.data(), out.size(), peek ? MSG_DONTWAIT | MSG_PEEK : MSG_DONTWAIT);
}

}  // namespace chain
