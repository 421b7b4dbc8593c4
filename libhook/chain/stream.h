// Stream: a stream of bytes as a dial uses it: a socket, or what the relay has put on top of one.
#ifndef GOCHAIN_CHAIN_STREAM_H_
#define GOCHAIN_CHAIN_STREAM_H_

#include <cstdint>
#include <span>

namespace chain {

// Never blocks. One thread at a time.
class Stream {
 public:
  // How many bytes were taken, or -errno; -EAGAIN: none can be taken now.
  virtual long Send(std::span<const uint8_t> data) = 0;
  // How many bytes were put into `out`, 0 at the end, or -errno; -EAGAIN: there are none yet. With
  // `peek` the same bytes come again. REQUIRES: not empty
  virtual long Receive(std::span<uint8_t> out, bool peek) = 0;

 protected:
  ~Stream() = default;
};

// The stream of a socket that somebody else owns, whose status flags are never written.
// Async-signal-safe.
class SocketStream final : public Stream {
 public:
  explicit SocketStream(int fd) : fd_(fd) {}

  long Send(std::span<const uint8_t> data) override;
  long Receive(std::span<uint8_t> out, bool peek) override;

 private:
  int fd_;
};

}  // namespace chain

#endif  // GOCHAIN_CHAIN_STREAM_H_
