// Starts the relay of a library that has no launcher: at the first dial that needs one, and again
// where it is gone.
//
// It ends with its owner: the broker of the tables where its place is, so that all who share them
// have one relay; else this process. Async-signal-safe, any thread; no signal is handled on the
// calling thread meanwhile.
#ifndef GOCHAIN_HOOKS_RELAY_STARTER_H_
#define GOCHAIN_HOOKS_RELAY_STARTER_H_

#include <sys/types.h>

#include <cstdint>

#include "base/failure.h"
#include "engine/relay_place.h"
#include "engine/session.h"

namespace hooks {

// Finds the relay that has taken the place of the one with that version (0: none); one thread of
// all that share the session starts it, the others wait for it. False with the failure.
bool FindOrStartRelay(engine::Session& session, pid_t owner, uint64_t version,
                      engine::FoundRelay* relay, base::Failure* why);

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_RELAY_STARTER_H_
