// PipePool: the pipes through which splice(2) moves bytes from socket to socket.
//
// A connection holds one only while bytes of it are on their way, so an idle one costs none, and a
// few pipes do for thousands. Where none is to be had the bytes go through buffer(). Of one thread.
#ifndef GOCHAIN_SUPERVISOR_PIPE_POOL_H_
#define GOCHAIN_SUPERVISOR_PIPE_POOL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/fd.h"

namespace supervisor {

struct Pipe {
  base::Fd read;
  base::Fd write;

  bool valid() const { return read.valid(); }
};

class PipePool {
 public:
  // Pipes that are lent at once. Each may be held up by a far end that takes nothing, and no other
  // connection may suffer from it: that's what the buffer is for.
  static constexpr size_t kMaxLent = 128;
  // Those that wait for the next bytes.
  static constexpr size_t kMaxIdle = 32;
  static constexpr size_t kPipeSize = 256 * 1024;
  static constexpr size_t kBufferSize = 64 * 1024;

  explicit PipePool(size_t max_lent = kMaxLent) : max_lent_(max_lent) {}

  // An empty pipe; an invalid one where there is none.
  Pipe Borrow();
  // REQUIRES: it is empty.
  void Return(Pipe pipe);
  // It may have bytes in it, which nobody wants any more.
  void Discard(Pipe pipe);

  // For bytes that don't stay in it.
  std::span<uint8_t> buffer();

  size_t lent() const { return lent_; }
  size_t idle() const { return idle_.size(); }

 private:
  const size_t max_lent_;
  size_t lent_ = 0;
  std::vector<Pipe> idle_;
  std::unique_ptr<uint8_t[]> buffer_;
};

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_PIPE_POOL_H_
