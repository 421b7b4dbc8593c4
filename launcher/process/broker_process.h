// The broker: a process that holds the tables which programs with the same rules share where there
// is no launcher (engine/broker.h), and hands them out. It touches nothing of theirs: it doesn't
// even map the region.
//
// Whoever needs it first starts it, and it ends some seconds after the last process that has mapped
// the region: so the programs of a script, one after the other, find what the last one knew. It is
// in a session of its own, holds no descriptor but its own two, and is nobody's child.
#ifndef GOCHAIN_PROCESS_BROKER_PROCESS_H_
#define GOCHAIN_PROCESS_BROKER_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <span>

#include "base/fd.h"

namespace process {

// Is the broker that process `starter` has started, with the region as standard input and the
// listener as standard output. Returns an exit status.
int RunLibraryBroker(pid_t starter);

// The region of the broker for these rules, which is started where there is none; -1: there can't
// be one. Called by A, with one thread and before it has children.
base::Fd FindOrStartBroker(std::span<const uint8_t> config_image);

}  // namespace process

#endif  // GOCHAIN_PROCESS_BROKER_PROCESS_H_
