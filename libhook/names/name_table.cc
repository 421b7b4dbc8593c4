#include "names/name_table.h"

#include <cstring>

namespace names {
namespace {

// Last octets 0 and 255 are left out: some programs take them for network and broadcast addresses.
constexpr uint32_t kHostsPerBlock = 254;
constexpr uint32_t kSlotCount = (1u << (32 - kFakeBits - 8)) * kHostsPerBlock;
// Far beyond what a table at most half full needs; past it the table counts as full.
constexpr uint32_t kMaxProbes = 4096;
// Room for every slot with a name of 127 bytes; untouched pages cost nothing.
constexpr uint32_t kArenaSize = kSlotCount * 128;

constexpr size_t kSlotsOffset = 8;  // behind the count of arena bytes used
constexpr size_t kArenaOffset = kSlotsOffset + kSlotCount * sizeof(uint32_t);

uint32_t HashName(std::string_view name) {
  uint32_t hash = 2166136261u;  // FNV-1a
  for (const char c : name) {
    hash = (hash ^ static_cast<uint8_t>(c)) * 16777619u;
  }
  return hash;
}

std::atomic_ref<uint32_t> Word(std::span<uint8_t> region, size_t offset) {
  return std::atomic_ref<uint32_t>(*reinterpret_cast<uint32_t*>(region.data() + offset));
}

std::atomic_ref<uint32_t> SlotAt(std::span<uint8_t> region, uint32_t index) {
  return Word(region, kSlotsOffset + index * sizeof(uint32_t));
}

// The name of an entry; empty where the offset is none of ours.
std::string_view EntryAt(std::span<const uint8_t> region, uint32_t entry) {
  if (entry == 0 || entry >= kArenaSize) {
    return {};
  }
  const uint8_t* at = region.data() + kArenaOffset + entry;
  const size_t size = *at;
  if (size == 0 || size > base::kMaxNameLength || entry + 1 + size > kArenaSize) {
    return {};
  }
  return {reinterpret_cast<const char*>(at + 1), size};
}

// Offset of a new entry that holds `name`; 0 where there is no room. Offset 0 itself is never used.
uint32_t NewEntry(std::span<uint8_t> region, std::string_view name) {
  const auto used = Word(region, 0);
  uint32_t start = used.load(std::memory_order_relaxed);
  const auto size = static_cast<uint32_t>(name.size()) + 1;
  do {
    if (start >= kArenaSize - 1 || size >= kArenaSize - 1 - start) {
      return 0;
    }
  } while (!used.compare_exchange_weak(start, start + size, std::memory_order_relaxed));
  uint8_t* at = region.data() + kArenaOffset + start + 1;
  at[0] = static_cast<uint8_t>(name.size());
  std::memcpy(at + 1, name.data(), name.size());
  return start + 1;
}

base::IpAddress AddressAt(uint32_t index) {
  return base::IpAddress::V4(kFakeNetwork | (index / kHostsPerBlock) << 8 |
                             (index % kHostsPerBlock + 1));
}

}  // namespace

size_t NameTable::RegionSize() { return kArenaOffset + kArenaSize; }

std::optional<base::IpAddress> NameTable::AddressOf(std::string_view name) {
  if (region_.empty() || name.empty() || name.size() > base::kMaxNameLength) {
    return std::nullopt;
  }
  uint32_t index = HashName(name) % kSlotCount;
  uint32_t mine = 0;
  for (uint32_t probe = 0; probe < kMaxProbes; ++probe, index = (index + 1) % kSlotCount) {
    const auto slot = SlotAt(region_, index);
    uint32_t entry = slot.load(std::memory_order_acquire);
    if (entry == 0) {
      if (mine == 0 && (mine = NewEntry(region_, name)) == 0) {
        return std::nullopt;
      }
      if (slot.compare_exchange_strong(entry, mine, std::memory_order_acq_rel)) {
        return AddressAt(index);
      }
    }
    if (EntryAt(region_, entry) == name) {
      return AddressAt(index);
    }
  }
  return std::nullopt;
}

std::optional<base::Endpoint> NameTable::NameOf(const base::IpAddress& address) const {
  if (region_.empty() || !InRange(address)) {
    return std::nullopt;
  }
  const uint32_t host = address.v4() & ((1u << (32 - kFakeBits)) - 1);
  const uint32_t last = host & 0xff;
  if (last == 0 || last == 255) {
    return std::nullopt;
  }
  const uint32_t index = (host >> 8) * kHostsPerBlock + last - 1;
  return base::Endpoint::FromName(
      EntryAt(region_, SlotAt(region_, index).load(std::memory_order_acquire)), 0);
}

bool NameTable::InRange(const base::IpAddress& address) {
  return address.is_v4() && address.v4() >> (32 - kFakeBits) == kFakeNetwork >> (32 - kFakeBits);
}

}  // namespace names
