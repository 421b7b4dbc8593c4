// Daemons that fetch for programs (images, builds) and are no part of the run: what they connect to
// is theirs, and nothing of gochain's sees it. A person hears of it once a run. Async-signal-safe.
#ifndef GOCHAIN_ENGINE_OUTSIDE_DAEMON_H_
#define GOCHAIN_ENGINE_OUTSIDE_DAEMON_H_

#include <string_view>

#include "engine/connector.h"
#include "engine/session.h"

namespace engine {

// Whether `path` is what the AF_UNIX socket of such a daemon is called. By its last name: where it
// lies depends on whose daemon it is.
bool IsDaemonSocket(std::string_view path);

// Says what `program` gets itself into by asking the daemon at `path`. REQUIRES: IsDaemonSocket().
void WarnOfDaemon(Session& session, Program& program, std::string_view path);

}  // namespace engine

#endif  // GOCHAIN_ENGINE_OUTSIDE_DAEMON_H_
