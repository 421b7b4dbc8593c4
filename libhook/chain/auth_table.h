// AuthTable: what each proxy wants to be authenticated with, shared by a whole process tree, so
// that only the first connect has to be asked.
//
// One record for each proxy, in words, guarded by a sum over them: writers need no lock, and a
// record that two of them wrote at once, or one that was killed left half done, is as none.
// Lock-free, async-signal-safe, any thread and process. No record has a password in it.
#ifndef GOCHAIN_CHAIN_AUTH_TABLE_H_
#define GOCHAIN_CHAIN_AUTH_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "protocol/http_auth.h"

namespace chain {

class AuthTable {
 public:
  static size_t RegionSize(size_t proxy_count);
  // REQUIRES: `region` was zeroed once, is aligned to 8 and RegionSize() long.
  explicit AuthTable(std::span<uint8_t> region) : region_(region) {}
  AuthTable() = default;

  // What proxy number `proxy` is to be told at once, with a nonce count that nobody else gets; its
  // scheme is kNone where that isn't known.
  protocol::HttpMemory Recall(size_t proxy) { return Recall(proxy, true); }
  // The scheme alone, at no cost of a nonce count.
  protocol::HttpScheme SchemeOf(size_t proxy) { return Recall(proxy, false).challenge.scheme; }
  void Remember(size_t proxy, const protocol::HttpMemory& memory);
  void Forget(size_t proxy);

 private:
  protocol::HttpMemory Recall(size_t proxy, bool takes_count);
  uint64_t* Record(size_t proxy);

  std::span<uint8_t> region_;
};

}  // namespace chain

#endif  // GOCHAIN_CHAIN_AUTH_TABLE_H_
