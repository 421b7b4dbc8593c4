// QuietNetwork: an empty network namespace where DNS questions of unconnected UDP sockets go.
//
// musl drops an answer that doesn't come from the nameserver it asked, and an ordinary user can't
// send from 192.0.2.53:53. In a network of one's own that address is as good as any: a helper
// process owns it, every address there is local, and nothing in it leads out. A program that sends
// a question from an unconnected socket gets a socket of that network in its place. Thread-safe.
#ifndef GOCHAIN_SUPERVISOR_QUIET_NETWORK_H_
#define GOCHAIN_SUPERVISOR_QUIET_NETWORK_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <unordered_set>

#include "base/fd.h"
#include "base/result.h"
#include "supervisor/dns_responder.h"
#include "supervisor/quiet_helper.h"

namespace supervisor {

class QuietNetwork {
 public:
  explicit QuietNetwork(DnsResponder& responder) : responder_(responder) {}

  // A fresh UDP socket of `domain` there. `type_flags`: SOCK_NONBLOCK or 0. The first call makes
  // the network; it fails where neither root nor user namespaces are to be had.
  base::Result<base::Fd> MakeSocket(int domain, int type_flags);

  // Is socket `inode` one of those made here?
  bool Owns(uint64_t inode);

 private:
  bool Start();  // REQUIRES: mutex_ is held
  base::Result<base::Fd> Ask(const QuietRequest& request);

  DnsResponder& responder_;
  std::mutex mutex_;
  bool tried_ = false;
  int error_ = 0;
  base::Fd helper_;
  // The last ones; numbers of closed sockets don't come back soon.
  std::unordered_set<uint64_t> inodes_;
  std::deque<uint64_t> order_;
};

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_QUIET_NETWORK_H_
