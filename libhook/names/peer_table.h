// PeerTable: what a program asked a socket to connect to, so that getpeername can say so.
//
// Keyed by the socket's inode number, which survives dup, fork, exec and SCM_RIGHTS. In shared
// memory, of fixed size: an old entry may be overwritten, and a number may come round again; so the
// reader gives the address that the kernel says the socket is connected to, and an entry made for
// another is no answer. Async-signal-safe, any thread and process.
#ifndef GOCHAIN_NAMES_PEER_TABLE_H_
#define GOCHAIN_NAMES_PEER_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/endpoint.h"
#include "names/shared_cache.h"

namespace names {

class PeerTable {
 public:
  static size_t RegionSize() { return Cache::RegionSize(); }
  // REQUIRES: `region` was zeroed once, is aligned to 8 and RegionSize() long.
  explicit PeerTable(std::span<uint8_t> region) : cache_(region) {}
  PeerTable() = default;

  // The socket `inode` is, for the kernel, connected to `actual`, and for the program to `asked`.
  // Both are addresses, not names.
  void Put(uint64_t inode, const base::Endpoint& actual, const base::Endpoint& asked);
  std::optional<base::Endpoint> Find(uint64_t inode, const base::Endpoint& actual) const;

 private:
  using Cache = SharedCache<5, 4096, 4>;

  Cache cache_;
};

}  // namespace names

#endif  // GOCHAIN_NAMES_PEER_TABLE_H_
