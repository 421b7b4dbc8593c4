// Copies a tunnel's bytes both ways until both ends are through.
#ifndef GOCHAIN_RELAY_COPY_H_
#define GOCHAIN_RELAY_COPY_H_

#include "relay/stream.h"

namespace relay {

// What one end sends is given to the other, no faster than that takes it. The end of one direction
// ends that one alone; an accident (RST, a TLS stream cut off) is passed on as one. Blocks until
// all is said.
void Copy(Stream& program, Stream& far);

}  // namespace relay

#endif  // GOCHAIN_RELAY_COPY_H_
