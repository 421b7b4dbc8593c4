#include "supervisor/pipe_pool.h"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace supervisor {

Pipe PipePool::Borrow() {
  Pipe out;
  if (lent_ >= max_lent_) {
    return out;
  }
  if (!idle_.empty()) {
    out = std::move(idle_.back());
    idle_.pop_back();
    ++lent_;
    return out;
  }
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
    return out;
  }
  out.read.Reset(ends[0]);
  out.write.Reset(ends[1]);
  // Refused past the user's share of pages (pipe(7)): a smaller one does as well, in more turns.
  (void)sys::Fcntl(out.write.get(), F_SETPIPE_SZ, kPipeSize);
  ++lent_;
  return out;
}

void PipePool::Return(Pipe pipe) {
  --lent_;
  if (idle_.size() < kMaxIdle) {
    idle_.push_back(std::move(pipe));
  }
}

void PipePool::Discard(Pipe pipe) {
  --lent_;
  pipe = {};
}

std::span<uint8_t> PipePool::buffer() {
  if (buffer_ == nullptr) {
    buffer_ = std::make_unique_for_overwrite<uint8_t[]>(kBufferSize);
  }
  return {buffer_.get(), kBufferSize};
}

}  // namespace supervisor
