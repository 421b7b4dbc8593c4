// The supervisor's own socket of a connection that it dials for a program.
#ifndef GOCHAIN_SUPERVISOR_FAR_SOCKET_H_
#define GOCHAIN_SUPERVISOR_FAR_SOCKET_H_

#include "base/fd.h"
#include "base/result.h"

namespace supervisor {

// A non-blocking one of `domain`, with those options of `program`, a socket of the program's or
// another one made by this, that are about its way through the network and its patience with a
// silent peer. Those about reading, writing and closing stay the program's.
base::Result<base::Fd> MakeFarSocket(int domain, int program);

// Is `socket` bound to an address or a device, from where no other can stand in for it?
bool IsBound(int socket);

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_FAR_SOCKET_H_
