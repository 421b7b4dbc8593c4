// What a signal means for a dial that it interrupted. Async-signal-safe.
#ifndef GOCHAIN_LOOP_INTERRUPTS_H_
#define GOCHAIN_LOOP_INTERRUPTS_H_

namespace loop {

// poll(2), and connect(2) with SO_SNDTIMEO, end with EINTR even when the handler has SA_RESTART
// (signal(7)), and don't say which handler ran. True where every handler of the process has
// SA_RESTART, so that connect(2) would have gone on.
bool EveryHandlerRestarts();

}  // namespace loop

#endif  // GOCHAIN_LOOP_INTERRUPTS_H_
