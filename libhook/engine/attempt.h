// Attempt: one connect(2) on its way, as a resumable state machine: what both doors do once there
// is a plan for it. It takes one path after the other through the route, on each the addresses of
// the target and of the first hop, and on each of those a chain::Dial; logs how it ended, and
// remembers what the program asked for.
//
// The owner does what want() says and tells what came of it: a caller that waits loops (Connector),
// an event loop comes back when the socket is ready or deadline_ms() has passed. Plain value of
// some 14 KB, which allocates nothing; one thread at a time; async-signal-safe as far as its Means
// are.
#ifndef GOCHAIN_ENGINE_ATTEMPT_H_
#define GOCHAIN_ENGINE_ATTEMPT_H_

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/endpoint.h"
#include "base/failure.h"
#include "chain/dial.h"
#include "engine/event_log.h"
#include "engine/path_choice.h"
#include "engine/plan.h"
#include "engine/session.h"
#include "engine/surroundings.h"

namespace engine {

class Attempt {
 public:
  enum class Want : uint8_t {
    kConnect,  // fd() connected to address(), then Connected()
    kRead,     // fd() readable, then Waited()
    kWrite,    // fd() writable, then Waited()
    kNothing,  // it is over: result()
  };

  // `fd` is a stream socket of `domain`, the program's own open file, whose flags are never
  // written. REQUIRES: !plan.pass_through; all references outlive the attempt.
  Attempt(Session& session, Door door, Program& program, Means& means, const Plan& plan, int fd,
          int domain);
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  void Begin();  // once, before all else
  Want want() const { return want_; }

  // REQUIRES, of these: want() == kConnect
  const sockaddr* address() const { return reinterpret_cast<const sockaddr*>(&address_); }
  socklen_t address_length() const { return address_length_; }
  // What Surroundings::Connect() returns: 0 or -errno.
  void Connected(int result);

  // REQUIRES: want() is kRead or kWrite
  void Waited(Surroundings::Waited waited);

  // Another one than at first after a replacement. The program may have moved it.
  int fd() const { return fd_; }
  void set_fd(int fd) { fd_ = fd; }
  // How often another socket was put in the place of the program's.
  unsigned replacements() const { return replacements_; }
  // When what is wanted must have come.
  int64_t deadline_ms() const;
  // What to ask every Doubt::kEveryMs while it waits; or nullptr.
  Doubt* doubt() { return choice_ ? choice_->doubt() : nullptr; }

  // 0 or -errno, as the program shall see it. After a failure the socket is unconnected again, with
  // its options. REQUIRES: want() == kNothing
  int result() const { return result_; }
  // Why, where it failed and somebody is to blame. REQUIRES: want() == kNothing
  const base::Failure& failure() const { return failure_; }

 private:
  enum class Step : uint8_t {
    kLookUp,
    kNextPath,
    kDialTarget,
    kFindRelay,
    kTakeReady,
    kConnectFirst,
    kConnectNext,
    kReplace,
    kShake,
    kDialOver,
    kTargetOver,
    kPathOver,
    kFinish,
    kWait,  // for the owner
  };

  void Go(Step step);
  Step Do(Step step);
  Step LookUp();
  Step NextPath();
  Step DialTarget();
  Step FindRelay();
  Step TakeReady();
  void StartDial();
  Step ConnectFirst();
  Step ConnectNext();
  Step ConnectAgain();
  Step Replace();
  Step FailToConnect();
  Step Shake();
  Step DialOver();
  Step RelayDialOver();
  Step TargetOver();
  Step PathOver();
  Step Finish();
  Step End(Step step, int result);

  bool by_relay() const { return path_.NeedsRelay(session_.config()); }
  bool by_name() const { return target_count_ == 0; }
  int Fail(const base::Failure& why);
  void Disconnect();
  int FirstHopAddresses(Addresses* out);
  Step FailToLookUp(Step next, int result, std::string_view what);
  size_t KeepSayable(std::span<base::IpAddress> addresses) const;
  bool IsOutOfReach() const;
  void UseRelayAddresses();
  void Log(EventKind kind);

  Session& session_;
  const Door door_;
  Program& program_;
  Means& means_;
  const Plan plan_;
  int fd_;
  int domain_;

  Want want_ = Want::kNothing;
  int result_ = 0;         // of the step before, and at the end of all
  base::Failure failure_;  // where result_ is an errno that has a cause
  rules::Decision decision_;
  config::Route route_;
  int64_t start_us_ = 0;
  int64_t deadline_ms_ = INT64_MAX;  // of all dials through hops together
  int64_t limit_ms_ = INT64_MAX;     // of the one at work

  std::optional<PathChoice> choice_;  // none for a direct route
  chain::Path path_;                  // of the dial at work, or of the last one

  Addresses found_;  // the destination's, as far as they are known
  size_t found_count_ = 0;
  // The target of the path, by its addresses or, where there is none, by name.
  Addresses targets_;
  size_t target_count_ = 0;
  size_t target_at_ = 0;

  std::optional<FoundRelay> relay_;  // where it dials the path
  uint64_t gone_relay_ = 0;          // another was started in that one's place

  // Of what the socket itself is connected to: the target, the first hop, or the relay.
  Addresses firsts_;
  size_t first_count_ = 0;
  size_t first_at_ = 0;
  // Of several, each has a moment at first: that of the connect at work, and how many had too
  // little.
  int64_t moment_ms_ = 0;
  int64_t moment_ends_ms_ = INT64_MAX;
  size_t slow_count_ = 0;
  size_t first_total_ = 0;       // of the addresses, whatever was tried of them
  bool path_failed_ = false;     // one did: the next ones are for finding out who is at fault
  bool connect_failed_ = false;  // one of them did
  uint16_t first_port_ = 0;
  int64_t hop_start_ms_ = 0;  // where the first hop's time began before the connect; or 0
  bool replaced_ = false;
  unsigned replacements_ = 0;
  int connect_error_ = 0;  // of the address before, < 0
  int64_t connect_start_us_ = 0;
  uint32_t connect_us_ = 0;  // of the last connect to a first hop that succeeded; or 0
  sockaddr_storage address_;
  socklen_t address_length_ = 0;
  base::Endpoint actual_;  // where the socket is connected to, for the kernel; port 0: nowhere

  std::optional<chain::Dial> dial_;
};

// connect(AF_UNSPEC): the socket is as before its connect, and can be dialled again.
void Disconnect(int fd, uint64_t cookie);
// What Linux notes for a socket whose connection was undone so (ECONNRESET) was told in other
// words, and is none any more: SO_ERROR must not tell it again.
void ClearError(int fd);

}  // namespace engine

#endif  // GOCHAIN_ENGINE_ATTEMPT_H_
