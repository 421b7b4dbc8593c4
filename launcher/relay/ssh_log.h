// SshLog: the standard error of one ssh master, and what is to be learned from it.
//
// While the master starts, its lines say why it ends, if it does. Later they say why a channel was
// not opened, which its client isn't told: under a number that the client doesn't know either, but
// at LogLevel DEBUG1 another line says which target a number stands for. The master writes the line
// before it answers, so that the reason is there when the answer is.
//
// Thread-safe.
#ifndef GOCHAIN_RELAY_SSH_LOG_H_
#define GOCHAIN_RELAY_SSH_LOG_H_

#include <cstdint>
#include <deque>
#include <map>
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

  // For one whose channel to `target` ("host:port", as the master was told) was refused just now:
  // why. Each reason is given once. False: nothing was said.
  bool ClaimChannelFailure(std::string_view target, int64_t now_ms, base::Failure* out);

  // Why the master ended before it was up.
  base::Failure Conclude();

 private:
  // Why some channel was not opened.
  struct Reason {
    std::string target;  // empty: unknown
    int64_t time_ms;
    base::Failure failure;
  };

  bool ReadLocked(int64_t now_ms);
  void TakeLine(std::string_view line, int64_t now_ms);
  void TakeDebugLine(std::string_view line);
  void TakeReason(std::string_view line, const base::Failure& failure, int64_t now_ms);

  base::Fd pipe_;
  std::mutex mutex_;  // of all below
  std::string bytes_;
  SshComplaint complaint_;
  std::string last_target_;                     // of the channel that is made next
  std::map<std::string, std::string> targets_;  // by the channel's number
  std::deque<Reason> reasons_;
};

}  // namespace relay

#endif  // GOCHAIN_RELAY_SSH_LOG_H_
