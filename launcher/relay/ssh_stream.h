// SshStream: one connection through a ssh master.
//
// Its bytes are those of its two sockets, but its end is not: a master that dies closes them too.
// So it is not plain.
#ifndef GOCHAIN_RELAY_SSH_STREAM_H_
#define GOCHAIN_RELAY_SSH_STREAM_H_

#include <functional>
#include <utility>

#include "relay/mux_client.h"
#include "relay/stream.h"

namespace relay {

class SshStream final : public Stream {
 public:
  // `is_alive`: whether the master still answers; asked once, at the end of what it sends.
  SshStream(SshChannel channel, std::function<bool()> is_alive)
      : channel_(std::move(channel)), is_alive_(std::move(is_alive)) {}
  // Where both sides have said their last, waits a little for the master to have passed it on.
  ~SshStream() override;

  long Send(std::span<const uint8_t> data) override;
  long Receive(std::span<uint8_t> out, bool peek) override;
  int fd() const override { return channel_.read.get(); }
  int write_fd() const override { return channel_.write.get(); }
  long ShutdownWrite() override;
  // SSH has no word for an accident: the far side sees an end.
  void Abort() override { is_aborted_ = true; }

 private:
  enum class End : uint8_t { kNotYet, kFarSide, kMaster };

  SshChannel channel_;
  std::function<bool()> is_alive_;
  End end_ = End::kNotYet;
  bool is_shut_ = false;
  bool is_aborted_ = false;
};

}  // namespace relay

#endif  // GOCHAIN_RELAY_SSH_STREAM_H_
