// SshLog: the standard error of one ssh master, and what is to be learned from it.
//
// While the master starts, its lines say why it ends, if it does. Later they say why a channel was
// not opened, but not to whom: the line has a number that a client of the control socket is never
// told. The master writes the line before it answers, so that the reason is there when the answer
// is; and where reasons that differ wait at the same time, nobody knows whose is which. Then the
// same is to be asked once more.
//
// Thread-safe.
#ifndef GOCHAIN_RELAY_SSH_LOG_H_
#define GOCHAIN_RELAY_SSH_LOG_H_

#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>

#include "base/failure.h"
#include "base/fd.h"
#include "relay/ssh_words.h"

namespace relay {

class SshLog {
 public:
  // `host`: as for SshComplaint.
  explicit SshLog(std::string_view host) : complaint_(host) {}

  // The reading end of a pipe, without blocking. Before anything else.
  void Open(base::Fd pipe) { pipe_ = std::move(pipe); }
  int fd() const { return pipe_.get(); }

  // Reads what is there. False at the end: the master has gone.
  bool Read(int64_t now_ms);

  enum class Claim : uint8_t {
    kFound,
    kUnclear,  // there are several, which differ; one of them is spent
    kNone,
  };
  // For one whose channel was refused just now: why.
  Claim ClaimChannelFailure(int64_t now_ms, base::Failure* out);

  // Why the master ended before it was up.
  base::Failure Conclude();

 private:
  // Why some channel was not opened.
  struct Reason {
    base::Failure failure;
    int64_t time_ms;
    bool unclear;  // another one has been taken beside it, which may have been this one's
  };

  bool ReadLocked(int64_t now_ms);
  void TakeLine(std::string_view line, int64_t now_ms);

  base::Fd pipe_;
  std::mutex mutex_;  // of all below
  std::string bytes_;
  SshComplaint complaint_;
  std::deque<Reason> reasons_;
};

}  // namespace relay

#endif  // GOCHAIN_RELAY_SSH_LOG_H_
