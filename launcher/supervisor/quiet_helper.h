// The process that lives in the quiet network and makes sockets there. See QuietNetwork.
#ifndef GOCHAIN_SUPERVISOR_QUIET_HELPER_H_
#define GOCHAIN_SUPERVISOR_QUIET_HELPER_H_

#include <cstdint>

namespace supervisor {

struct QuietRequest {
  int32_t domain = 0;
  int32_t type = 0;
  bool bind_dns = false;  // to port 53 of all addresses
};
struct QuietReply {
  int32_t error = 0;  // errno; 0: a descriptor comes with it. The first one tells of the network.
};

// Runs in a child cloned from a process with many threads: system calls only, nothing that could
// wait for a lock that another thread held. Never returns; ends when `socket` does.
[[noreturn]] void RunQuietHelper(int socket);

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_QUIET_HELPER_H_
