// HopAddressTable: the addresses of proxies' names, for a minute after some process has looked them
// up, in a piece of the session's region. Lock-free; any thread and process; async-signal-safe.
#ifndef GOCHAIN_ENGINE_HOP_ADDRESS_TABLE_H_
#define GOCHAIN_ENGINE_HOP_ADDRESS_TABLE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/endpoint.h"

namespace engine {

// Of one name; more are left out.
inline constexpr size_t kMaxAddresses = 8;
using Addresses = std::array<base::IpAddress, kMaxAddresses>;

class HopAddressTable {
 public:
  HopAddressTable() = default;
  // REQUIRES: RegionSize() bytes of zeros or of another view, aligned for uint64_t.
  explicit HopAddressTable(std::span<uint8_t> region) : region_(region) {}
  static size_t RegionSize(size_t proxy_count);

  // The addresses of proxy number `proxy`, where they are known; returns how many.
  size_t Find(size_t proxy, Addresses* out) const;
  void Set(size_t proxy, std::span<const base::IpAddress> addresses);

 private:
  std::span<uint8_t> region_;
};

}  // namespace engine

#endif  // GOCHAIN_ENGINE_HOP_ADDRESS_TABLE_H_
