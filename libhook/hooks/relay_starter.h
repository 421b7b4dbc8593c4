// Starts the relay of a library that has no launcher: at the first dial that needs one, and again
// where it is gone.
//
// The relay is a grandchild of this process, in a session of its own: the program's wait(2) doesn't
// see it, no SIGCHLD comes of it, and it has none of the program's descriptors. Async-signal-safe,
// any thread; no signal is handled on the calling thread meanwhile.
#ifndef GOCHAIN_HOOKS_RELAY_STARTER_H_
#define GOCHAIN_HOOKS_RELAY_STARTER_H_

#include <cstdint>

#include "base/failure.h"
#include "engine/relay_place.h"
#include "engine/session.h"

namespace hooks {

// Finds the relay that has taken the place of the one with that version (0: none); one thread of
// all that share the session starts it, the others wait for it. False with the failure.
bool FindOrStartRelay(engine::Session& session, uint64_t version, engine::FoundRelay* relay,
                      base::Failure* why);

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_RELAY_STARTER_H_
