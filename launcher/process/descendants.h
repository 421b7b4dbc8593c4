// The processes below a process, by /proc.
#ifndef GOCHAIN_PROCESS_DESCENDANTS_H_
#define GOCHAIN_PROCESS_DESCENDANTS_H_

#include <sys/types.h>

namespace process {

// Kills (SIGKILL) the descendants of `root` that are in process group `group`. Others of the group
// stay: in a script without job control they are the script itself.
void KillDescendantsInGroup(pid_t root, pid_t group);

}  // namespace process

#endif  // GOCHAIN_PROCESS_DESCENDANTS_H_
