// SocketStore: where descriptors can't be taken from processes, the duplicates of the sockets that
// the supervisor made for them.
//
// A duplicate is a hold on the socket: its far end sees no FIN, its port stays taken. So it is kept
// only for as long as its program may still dial: dropped when a dial is up, when the program
// listens, and when no process has the socket any more, which is looked for when the store has
// grown, when a program binds (the port it wants may be one that is only held here) and now and
// then.
//
// Keys are inode numbers of sockets; the kernel counts them up, so one comes round again only after
// four thousand million sockets. Thread-safe.
#ifndef GOCHAIN_SUPERVISOR_SOCKET_STORE_H_
#define GOCHAIN_SUPERVISOR_SOCKET_STORE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/endpoint.h"
#include "base/fd.h"

namespace supervisor {

// The inode numbers of all sockets that processes other than this one have open, as far as they may
// be looked at.
std::unordered_set<uint64_t> SocketsInUse();

class SocketStore {
 public:
  using Shared = std::shared_ptr<const base::Fd>;
  using Lister = std::unordered_set<uint64_t> (*)();

  explicit SocketStore(size_t capacity, Lister in_use = SocketsInUse)
      : capacity_(capacity), in_use_(in_use) {}

  // False where the store is full of sockets in use. The socket counts as in use until
  // HandedOver().
  bool Keep(uint64_t inode, base::Fd duplicate);
  void HandedOver(uint64_t inode);
  // Null where it isn't known.
  Shared Find(uint64_t inode);
  void Drop(uint64_t inode);

  // The program is about to bind socket `inode`: lets go of bound ones that nobody has any more.
  void Bind(uint64_t inode);
  // Lets go of all that nobody has any more. False where there was none to look at.
  bool Collect();
  size_t size();

  // What the program asked a socket of `domain` that was dialled to connect to, since the kernel
  // can't be asked through a duplicate any more.
  struct DialledPeer {
    base::Endpoint asked;
    int domain;
  };
  void SetPeer(uint64_t inode, const DialledPeer& peer);
  std::optional<DialledPeer> Peer(uint64_t inode);
  void ForgetPeer(uint64_t inode);

 private:
  struct Kept {
    Shared duplicate;
    bool handed_over = false;
    bool bound = false;
  };

  bool CollectThese(const std::vector<uint64_t>& candidates);

  const size_t capacity_;
  const Lister in_use_;
  std::mutex mutex_;
  std::unordered_map<uint64_t, Kept> kept_;
  size_t collect_at_ = 0;  // the size at which it is time to look again
  std::unordered_map<uint64_t, DialledPeer> peers_;
  std::deque<uint64_t> peer_order_;
};

}  // namespace supervisor

#endif  // GOCHAIN_SUPERVISOR_SOCKET_STORE_H_
