// A client of a ssh master's control socket: what `ssh -W` does on a shared master, without a
// process for each connection.
//
// Runs on the thread of one connection, which waits as its Patience says.
#ifndef GOCHAIN_RELAY_MUX_CLIENT_H_
#define GOCHAIN_RELAY_MUX_CLIENT_H_

#include <cstdint>
#include <string>

#include "base/endpoint.h"
#include "base/fd.h"
#include "relay/patience.h"

namespace relay {

enum class MuxOutcome : uint8_t {
  kOpened,
  kRefused,        // by the far side, which could not connect; the master's standard error has why
  kMasterGone,     // nobody is there, or it went away
  kNotUnderstood,  // it speaks another protocol, or another version
  kTimedOut,
  kProgramGone,
};

// One connection through a master. Two sockets, since a master tells the ends of the two directions
// apart only where they are two descriptors.
struct SshChannel {
  base::Fd read;
  base::Fd write;
  base::Fd control;  // the connection lives as long as this
};

// Asks the master that listens at `path` for a connection to `target`. `reason`: the master's word
// with kRefused, which seldom says more than that.
MuxOutcome OpenChannel(const std::string& path, const base::Endpoint& target,
                       const Patience& patience, int64_t deadline_ms, SshChannel* out,
                       std::string* reason);

// "HOST:PORT", as the master is told and as it says it.
std::string TargetText(const base::Endpoint& target);

// Whether a master answers at `path`. Waits for its answer no longer than the deadline.
bool MasterAnswers(const std::string& path, int64_t deadline_ms);

}  // namespace relay

#endif  // GOCHAIN_RELAY_MUX_CLIENT_H_
