#include "relay/ssh_stream.h"

#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/syscalls.h"

namespace relay {
namespace {

// A round trip to the ssh host: the two sides tell each other that the channel is closed.
constexpr int kCloseMs = 5000;

}  // namespace

SshStream::~SshStream() {
  // To close the control socket before would end the channel with bytes still in it.
  if (is_shut_ && end_ == End::kFarSide && !is_aborted_) {
    pollfd watched = {channel_.control.get(), POLLIN, 0};
    sys::Poll(&watched, 1, kCloseMs);
  }
}

long SshStream::Send(std::span<const uint8_t> data) {
  return sys::Send(channel_.write.get(), data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

long SshStream::Receive(std::span<uint8_t> out, bool peek) {
  const long got = sys::Recv(channel_.read.get(), out.data(), out.size(),
                             peek ? MSG_DONTWAIT | MSG_PEEK : MSG_DONTWAIT);
  if (got != 0) {
    return got;
  }
  if (end_ == End::kNotYet) {
    end_ = is_alive_() ? End::kFarSide : End::kMaster;
  }
  return end_ == End::kFarSide ? 0 : -ECONNRESET;
}

long SshStream::ShutdownWrite() {
  is_shut_ = true;
  return shutdown(channel_.write.get(), SHUT_WR) == 0 ? 0 : -errno;
}

}  // namespace relay
