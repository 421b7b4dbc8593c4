// Keeper: process S. It starts COMMAND, supervises the tree and reaps it.
#ifndef GOCHAIN_PROCESS_KEEPER_H_
#define GOCHAIN_PROCESS_KEEPER_H_

#include <signal.h>
#include <sys/types.h>

#include "base/fd.h"
#include "process/job.h"
#include "process/relay_process.h"

namespace process {

// Never returns. Runs in a fresh child of `front`, with one thread. `reports` goes to A; `relay`,
// where there is one, is told of the session. COMMAND gets `original_mask` as its signal mask.
[[noreturn]] void RunKeeper(const Job& job, pid_t front, base::Fd reports, RelayProcess relay,
                            const sigset_t& original_mask);

}  // namespace process

#endif  // GOCHAIN_PROCESS_KEEPER_H_
