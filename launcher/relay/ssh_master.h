// SshMaster: one run of the system's ssh as a master (-M -N): one connection to an ssh host, shared
// by all that goes there.
//
// A thread of its own keeps the process (SshKeeper); ssh ends with that thread, and so with the
// relay, however that ends. Any thread may wait for the master and open channels. It starts once: a
// master that has ended stays so, and whoever needs another one makes it.
#ifndef GOCHAIN_RELAY_SSH_MASTER_H_
#define GOCHAIN_RELAY_SSH_MASTER_H_

#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/endpoint.h"
#include "base/fd.h"
#include "relay/control_folder.h"
#include "relay/hop_services.h"
#include "relay/mux_client.h"
#include "relay/patience.h"
#include "relay/ssh_keeper.h"
#include "relay/ssh_log.h"

namespace relay {

class SshMaster {
 public:
  // `ended` is called by the master's thread as the last thing that it does, and may let go of the
  // master; not where there never was a thread.
  static std::shared_ptr<SshMaster> Start(SshSettings settings, std::function<void()> ended = {});
  ~SshMaster();  // ends it
  SshMaster(const SshMaster&) = delete;
  SshMaster& operator=(const SshMaster&) = delete;

  // Readable, for everybody and for ever, once it is up or has failed.
  int settled_fd() const { return settled_.get(); }
  // Whether it can be used, as far as is known. REQUIRES: it is settled.
  bool is_up() const { return state_ == State::kUp; }
  bool has_ended() const { return state_ == State::kFailed || state_ == State::kEnded; }
  // True where it never was up; `out` says why.
  bool HasFailed(HopFailure* out) const;

  enum class Opened : uint8_t { kYes, kFailed, kMasterGone };
  // A connection to `target`. REQUIRES: it is settled, and has not failed.
  Opened Open(const base::Endpoint& target, const Patience& patience, int64_t deadline_ms,
              SshChannel* out, HopFailure* failed);
  // True where it still answers. An end of file from it is only then the far side's.
  bool Answers() const;

  // Tells it to end, without waiting for that.
  void Stop();

 private:
  enum class State : uint8_t { kStarting, kUp, kFailed, kEnded };

  SshMaster(SshSettings settings, std::function<void()> ended);
  void Run();
  void Keep();
  void Settle(State state);

  const SshSettings settings_;
  std::function<void()> ended_;
  base::Fd settled_;
  base::Fd stop_;
  pthread_t thread_{};
  bool has_thread_ = false;
  SshLog log_;
  ControlFolder folder_;  // written by the thread until it is settled
  HopFailure failure_;    // the same
  std::atomic<State> state_ = State::kStarting;
};

}  // namespace relay

#endif  // GOCHAIN_RELAY_SSH_MASTER_H_
