// Stream: a dial's stream in the relay: a socket, or what stands on top of another stream, which it
// then owns. Never blocks; one thread at a time. A Send() after one that said -EAGAIN begins with
// the same bytes and has no fewer.
#ifndef GOCHAIN_RELAY_STREAM_H_
#define GOCHAIN_RELAY_STREAM_H_

#include <poll.h>

#include "base/failure.h"
#include "base/fd.h"
#include "chain/stream.h"

namespace relay {

class Stream : public chain::Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;

  // The descriptors at the bottom, to poll(2): fd() for POLLIN, write_fd() for POLLOUT.
  virtual int fd() const = 0;
  virtual int write_fd() const { return fd(); }
  // The events there to wait for before what said -EAGAIN is worth another try: POLLIN in
  // `interest` stands for Receive(), POLLOUT for Send() and ShutdownWrite().
  virtual short Wants(short interest) const { return interest; }
  // True where Receive() has something to give (data, the end, an error) of which poll(2) on fd()
  // need not know.
  virtual bool has_buffered() const { return false; }
  // Whether the descriptors' own bytes are the stream's, so that another process may have them.
  virtual bool is_plain() const { return false; }

  // Says that nothing more will be sent; the other direction stays open. 0, or -errno; -EAGAIN:
  // again later.
  virtual long ShutdownWrite() = 0;
  // Why Send() or Receive() failed, where that is more than an errno; else nullptr.
  virtual const base::Failure* trouble() const { return nullptr; }
  // From here on the end of this stream looks like an accident to the other side (RST), never like
  // the end of what was to be sent.
  virtual void Abort() = 0;
};

// Fills two entries for poll(2) with what `stream` wants for `interest`. One whose descriptor wants
// nothing is left out (-1), since its hang-up would wake a poll that waits for another.
void AddTo(pollfd* entries, const Stream& stream, short interest);

// A socket as it is.
class PlainStream final : public Stream {
 public:
  explicit PlainStream(base::Fd socket) : socket_(std::move(socket)), bytes_(socket_.get()) {}

  long Send(std::span<const uint8_t> data) override { return bytes_.Send(data); }
  long Receive(std::span<uint8_t> out, bool peek) override { return bytes_.Receive(out, peek); }
  int fd() const override { return socket_.get(); }
  bool is_plain() const override { return true; }
  long ShutdownWrite() override;
  void Abort() override;

 private:
  base::Fd socket_;
  chain::SocketStream bytes_;
};

}  // namespace relay

#endif  // GOCHAIN_RELAY_STREAM_H_
