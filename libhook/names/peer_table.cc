#include "names/peer_table.h"

#include <cstring>

namespace names {
namespace {

// Two words for each address, and one for the ports and families.
enum Word : size_t { kActual = 0, kAsked = 2, kPorts = 4 };

base::Endpoint Unpack(const uint64_t* bytes, bool v6, uint64_t port) {
  uint8_t raw[16];
  std::memcpy(raw, bytes, sizeof raw);
  const auto address = v6 ? base::IpAddress::V6Bytes(std::span<const uint8_t, 16>(raw))
                          : base::IpAddress::V4Bytes(std::span<const uint8_t, 4>(raw, 4));
  return {address, static_cast<uint16_t>(port)};
}

}  // namespace

void PeerTable::Put(uint64_t inode, const base::Endpoint& actual, const base::Endpoint& asked) {
  Cache::Payload out{};
  const auto a = actual.address().bytes();
  const auto b = asked.address().bytes();
  std::memcpy(&out[kActual], a.data(), a.size());
  std::memcpy(&out[kAsked], b.data(), b.size());
  out[kPorts] = uint64_t{actual.port()} << 32 | uint64_t{asked.port()} << 16 |
                uint64_t{!actual.address().is_v4()} << 1 | uint64_t{!asked.address().is_v4()};
  cache_.Put(inode, out);
}

std::optional<base::Endpoint> PeerTable::Find(uint64_t inode, const base::Endpoint& actual) const {
  std::optional<base::Endpoint> asked;
  cache_.Find(inode, [&](const Cache::Payload& payload) {
    const uint64_t ports = payload[kPorts];
    if (Unpack(&payload[kActual], ports & 2, ports >> 32) == actual) {
      asked = Unpack(&payload[kAsked], ports & 1, ports >> 16 & 0xffff);
    }
    return asked.has_value();
  });
  return asked;
}

}  // namespace names
