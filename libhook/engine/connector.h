// Connector: what both doors do with one connect(2): decide its route, dial it, log it, remember
// it.
//
// The doors differ in how they wait, how they look names up and how they put another socket in a
// descriptor's place; that is behind Surroundings. A connector is used by one thread for one
// connect; it allocates nothing itself.
#ifndef GOCHAIN_ENGINE_CONNECTOR_H_
#define GOCHAIN_ENGINE_CONNECTOR_H_

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/endpoint.h"
#include "base/failure.h"
#include "chain/dial.h"
#include "engine/event_log.h"
#include "engine/path_choice.h"
#include "engine/plan.h"
#include "engine/session.h"

namespace engine {

// The program that dials. To find out about it costs the supervisor a look into /proc, so it is
// asked only where a rule or a log line needs to know.
class Program {
 public:
  virtual int pid() = 0;
  virtual std::string_view exe() = 0;  // base name; empty: unknown

 protected:
  ~Program() = default;
};

class Surroundings {
 public:
  // kProgramTimedOut: the socket's own SO_SNDTIMEO ran out, before the deadline. kLost: the doubt
  // says so.
  enum class Waited : uint8_t {
    kReady,
    kTimedOut,
    kInterrupted,
    kAbandoned,
    kProgramTimedOut,
    kLost,
  };

  // Connect() and Wait() ask it every Doubt::kEveryMs. nullptr: nobody has to be asked.
  void set_doubt(Doubt* doubt) { doubt_ = doubt; }

  // Connects `fd`, blocking or not, until `deadline_ms`. 0, or -errno: -ETIMEDOUT past the
  // deadline, -EINTR where a signal ended it, -ECANCELED where nobody waits for the answer any
  // more, -EINPROGRESS where the socket's own SO_SNDTIMEO ran out, -ECONNABORTED for kLost.
  virtual int Connect(int fd, const sockaddr* address, socklen_t length, int64_t deadline_ms) = 0;
  // Waits until `fd` has one of `events` (POLLIN, POLLOUT, or an error).
  virtual Waited Wait(int fd, short events, int64_t deadline_ms) = 0;
  // Addresses of `name`, looked up here, in the order to try them; 0: there is none.
  virtual size_t Resolve(std::string_view name, std::span<base::IpAddress> out) = 0;
  // Puts a new stream socket of `domain` in the place of `fd` in the program, with the options and
  // flags of the old one. Returns the descriptor to go on with, or -errno.
  virtual int Replace(int fd, int domain) = 0;
  // Has a relay started in the place of the one with that version, which is gone (0: there was
  // none), and finds it. False, with the failure: nobody here can. A launcher has started its own.
  virtual bool StartRelay(uint64_t version, FoundRelay* relay, base::Failure* why) {
    *relay = {};
    *why = {.cause = base::Cause::kRelay, .code = ECONNREFUSED};
    why->set_detail(version != 0 ? "it is gone" : "there is none");
    return false;
  }

 protected:
  ~Surroundings() = default;
  Doubt* doubt() const { return doubt_; }
  bool IsLost() const { return doubt_ != nullptr && doubt_->IsLost(); }

 private:
  Doubt* doubt_ = nullptr;
};

class Connector {
 public:
  Connector(Session& session, Door door, Program& program)
      : session_(session), door_(door), program_(program) {}

  // Dials `plan` on stream socket `fd` of `domain` (the program's own open file, whose flags are
  // never written). Returns 0 or -errno as the program shall see it. After a failure the socket is
  // unconnected again, with its options. REQUIRES: !plan.pass_through
  int Run(int fd, int domain, const Plan& plan, Surroundings& surroundings);

 private:
  class Attempt;

  Session& session_;
  Door door_;
  Program& program_;
};

// connect(AF_UNSPEC): the socket is as before its connect, and can be dialled again.
void Disconnect(int fd, uint64_t cookie);

}  // namespace engine

#endif  // GOCHAIN_ENGINE_CONNECTOR_H_
