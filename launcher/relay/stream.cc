#include "relay/stream.h"

#include <sys/socket.h>

#include <cerrno>

namespace relay {

long PlainStream::ShutdownWrite() { return shutdown(socket_.get(), SHUT_WR) == 0 ? 0 : -errno; }

void PlainStream::Abort() {
  const linger now{1, 0};
  sys::Setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

}  // namespace relay
