// Dial: one connection on its way through a chain, as a resumable state machine.
//
// A dial works on a descriptor it does not own and whose status flags it never writes. The
// connect(2) to the first address is the caller's (a blocking and a non-blocking socket need
// different ways); all the rest is here, by raw send and recv with MSG_DONTWAIT|MSG_NOSIGNAL. So a
// blocking caller loops on it with poll(2), and an event loop resumes it whenever the descriptor is
// ready.
//
// States in wire order: kConnect → for each hop (kWantWrite | kWantRead)* → kDone; any → kFailed.
// Plain value of some 3 KB, no allocation, async-signal-safe, one thread at a time.
#ifndef GOCHAIN_CHAIN_DIAL_H_
#define GOCHAIN_CHAIN_DIAL_H_

#include <cstdint>
#include <optional>

#include "base/endpoint.h"
#include "base/failure.h"
#include "chain/path.h"
#include "config/config.h"
#include "protocol/handshake.h"

namespace chain {

class Dial {
 public:
  enum class State : uint8_t { kConnect, kWantRead, kWantWrite, kDone, kFailed };

  // With an empty path the dial is the connect alone. `target` is what the last hop is asked for.
  // REQUIRES: `config` outlives the dial.
  Dial(const config::Config& config, const Path& path, const base::Endpoint& target);

  State state() const { return state_; }

  // The connect to the first hop succeeded (error 0), or failed with an errno.
  void Connected(int error, int64_t now_ms);  // REQUIRES: state() == kConnect

  // Goes on as far as it can without waiting. REQUIRES: state() is kWantRead or kWantWrite.
  State Advance(int fd, int64_t now_ms);

  // When the hop at work must have answered (connect_timeout, counted from each hop's start).
  int64_t deadline_ms() const { return deadline_ms_; }
  void Start(int64_t now_ms);               // starts the first hop's time; before the connect
  void TimeOut();                           // the deadline has passed: → kFailed
  void Fail(const base::Failure& failure);  // → kFailed; the hop at work is filled in

  const base::Failure& failure() const { return failure_; }  // REQUIRES: state() == kFailed
  size_t hop() const { return hop_; }                        // the hop at work
  const Path& path() const { return path_; }

 private:
  void StartHandshake();
  void FinishHop(int64_t now_ms);
  // Both return true where something happened, so that it makes sense to go on.
  bool SendSome(int fd);
  bool ReceiveSome(int fd);
  bool GoesOnAfter(long error);

  const config::Config* config_;
  Path path_;
  base::Endpoint target_;
  State state_ = State::kConnect;
  uint8_t hop_ = 0;
  int64_t deadline_ms_ = 0;
  std::optional<protocol::Handshake> handshake_;
  base::Failure failure_;
};

}  // namespace chain

#endif  // GOCHAIN_CHAIN_DIAL_H_
