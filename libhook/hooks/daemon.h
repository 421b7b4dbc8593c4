// What a connect to an AF_UNIX socket may be: a question to a daemon outside the run.
#ifndef GOCHAIN_HOOKS_DAEMON_H_
#define GOCHAIN_HOOKS_DAEMON_H_

#include <sys/socket.h>

namespace hooks {

// Says so, once a run, where `address`, which a connect has just succeeded with, is such a daemon's
// and no supervisor is there to say it. Async-signal-safe as connect is.
void NoteDaemon(const sockaddr* address, socklen_t length);

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_DAEMON_H_
