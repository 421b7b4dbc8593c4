// NameTable: made-up addresses and the names they stand for, shared by a whole process tree.
//
// It lies in shared memory that other processes write, so every read checks what it finds.
// Lock-free: an entry is written once, then published with one compare-and-swap of its slot; a
// process killed in between loses the tree nothing but the entry's bytes. Async-signal-safe, any
// thread.
//
// The address of a name is hashed from it (FNV-1a), so it is the same from run to run and ssh finds
// the host key it knows; two names on one slot probe on.
#ifndef GOCHAIN_NAMES_NAME_TABLE_H_
#define GOCHAIN_NAMES_NAME_TABLE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/endpoint.h"

namespace names {

// 198.19.0.0/16. Clash and sing-box hand out 198.18.0.0/16 and /15.
inline constexpr uint32_t kFakeNetwork = 198u << 24 | 19u << 16;
inline constexpr unsigned kFakeBits = 16;

class NameTable {
 public:
  // Bytes of shared memory that a table takes; pages that hold no name are never touched.
  static size_t RegionSize();
  // REQUIRES: `region` is zeroed, aligned to 8 and RegionSize() long.
  explicit NameTable(std::span<uint8_t> region) : region_(region) {}
  NameTable() = default;

  // The made-up address of `name` (lower case, no final dot; 1..253 bytes); none where the table is
  // full.
  std::optional<base::IpAddress> AddressOf(std::string_view name);
  // The name that `address` stands for: copied, since other processes may write. None: not made
  // here.
  std::optional<base::Endpoint> NameOf(const base::IpAddress& address) const;

  static bool InRange(const base::IpAddress& address);

 private:
  std::span<uint8_t> region_;
};

}  // namespace names

#endif  // GOCHAIN_NAMES_NAME_TABLE_H_
