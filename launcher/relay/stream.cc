#include "relay/stream.h"

#include <sys/socket.h>

#include <cerrno>

namespace relay {

void AddTo(pollfd* entries, const Stream& stream, short interest) {
  const short wanted = interest == 0 ? short{0} : stream.Wants(interest);
  const auto entry = [&](int fd, short events) { return pollfd{events != 0 ? fd : -1, events, 0}; };
  if (stream.fd() == stream.write_fd()) {
    entries[0] = entry(stream.fd(), wanted);
    entries[1] = {-1, 0, 0};
  } else {
    entries[0] = entry(stream.fd(), static_cast<short>(wanted & POLLIN));
    entries[1] = entry(stream.write_fd(), static_cast<short>(wanted & POLLOUT));
  }
}

long PlainStream::ShutdownWrite() { return shutdown(socket_.get(), SHUT_WR) == 0 ? 0 : -errno; }

void PlainStream::Abort() {
  const linger now{1, 0};
  sys::Setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

}  // namespace relay
