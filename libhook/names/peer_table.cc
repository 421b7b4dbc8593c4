#include "names/peer_table.h"

#include <atomic>
#include <cstring>

namespace names {
namespace {

constexpr size_t kSetCount = 4096;  // power of two
constexpr size_t kWays = 4;

// One entry, all in 64-bit words so that every access can be atomic: stored with release and loaded
// with acquire, so that who sees a word of a new payload sees the odd version too. `version` is odd
// while a writer is at work; a writer killed there leaves an entry that nobody uses until it is
// overwritten.
struct Entry {
  enum Word : size_t {
    kVersion,
    kInode,
    kActual0,
    kActual1,
    kAsked0,
    kAsked1,
    kPorts,
    kStamp,
    kCount
  };
  uint64_t words[kCount];
};
constexpr size_t kPayloadWords = Entry::kPorts - Entry::kActual0 + 1;

constexpr size_t kEntriesOffset = 8;  // behind the stamp counter

std::atomic_ref<uint64_t> Counter(std::span<uint8_t> region) {
  return std::atomic_ref<uint64_t>(*reinterpret_cast<uint64_t*>(region.data()));
}

Entry* Set(std::span<uint8_t> region, uint64_t inode) {
  const size_t set = (inode * 0x9e3779b97f4a7c15u >> 32) % kSetCount;
  return reinterpret_cast<Entry*>(region.data() + kEntriesOffset) + set * kWays;
}

std::atomic_ref<uint64_t> At(Entry& entry, size_t word) {
  return std::atomic_ref<uint64_t>(entry.words[word]);
}

struct Payload {
  uint64_t words[kPayloadWords] = {};
};

Payload Pack(const base::Endpoint& actual, const base::Endpoint& asked) {
  Payload out;
  const auto a = actual.address().bytes();
  const auto b = asked.address().bytes();
  std::memcpy(&out.words[0], a.data(), a.size());
  std::memcpy(&out.words[2], b.data(), b.size());
  out.words[4] = uint64_t{actual.port()} << 32 | uint64_t{asked.port()} << 16 |
                 uint64_t{!actual.address().is_v4()} << 1 | uint64_t{!asked.address().is_v4()};
  return out;
}

base::Endpoint Unpack(const uint64_t* bytes, bool v6, uint64_t port) {
  uint8_t raw[16];
  std::memcpy(raw, bytes, sizeof raw);
  const auto address = v6 ? base::IpAddress::V6Bytes(std::span<const uint8_t, 16>(raw))
                          : base::IpAddress::V4Bytes(std::span<const uint8_t, 4>(raw, 4));
  return {address, static_cast<uint16_t>(port)};
}

// The entry of `set` for `inode`: its own, else the oldest; with `version` made odd, so that
// readers and other writers pass it by.
Entry* Lock(Entry* set, uint64_t inode, uint64_t* version) {
  for (size_t round = 0; round < kWays; ++round) {
    Entry* chosen = nullptr;
    uint64_t oldest = UINT64_MAX;
    for (size_t way = 0; way < kWays; ++way) {
      const uint64_t seen = At(set[way], Entry::kVersion).load(std::memory_order_relaxed);
      if (seen % 2 != 0) {
        continue;
      }
      const bool own = At(set[way], Entry::kInode).load(std::memory_order_relaxed) == inode;
      const uint64_t stamp =
          own ? 0 : At(set[way], Entry::kStamp).load(std::memory_order_relaxed) + 1;
      if (stamp < oldest) {
        oldest = stamp;
        chosen = &set[way];
        *version = seen;
      }
    }
    if (chosen == nullptr) {
      break;
    }
    if (At(*chosen, Entry::kVersion)
            .compare_exchange_strong(*version, *version + 1, std::memory_order_acquire)) {
      ++*version;
      return chosen;
    }
  }
  // Writers died in every way of the set: take one over.
  Entry* const chosen = &set[inode % kWays];
  *version = At(*chosen, Entry::kVersion).fetch_or(1, std::memory_order_acquire) | 1;
  return chosen;
}

}  // namespace

size_t PeerTable::RegionSize() { return kEntriesOffset + kSetCount * kWays * sizeof(Entry); }

void PeerTable::Put(uint64_t inode, const base::Endpoint& actual, const base::Endpoint& asked) {
  if (region_.empty() || inode == 0) {
    return;
  }
  Entry* const set = Set(region_, inode);
  uint64_t version = 0;
  Entry* const chosen = Lock(set, inode, &version);
  At(*chosen, Entry::kInode).store(inode, std::memory_order_release);
  const Payload payload = Pack(actual, asked);
  for (size_t i = 0; i < kPayloadWords; ++i) {
    At(*chosen, Entry::kActual0 + i).store(payload.words[i], std::memory_order_release);
  }
  At(*chosen, Entry::kStamp)
      .store(Counter(region_).fetch_add(1, std::memory_order_relaxed) + 1,
             std::memory_order_release);
  At(*chosen, Entry::kVersion).store(version + 1, std::memory_order_release);
}

std::optional<base::Endpoint> PeerTable::Find(uint64_t inode, const base::Endpoint& actual) const {
  if (region_.empty()) {
    return std::nullopt;
  }
  Entry* const set = Set(region_, inode);
  for (size_t way = 0; way < kWays; ++way) {
    Entry& entry = set[way];
    const uint64_t version = At(entry, Entry::kVersion).load(std::memory_order_acquire);
    if (version % 2 != 0 || At(entry, Entry::kInode).load(std::memory_order_acquire) != inode) {
      continue;
    }
    Payload payload;
    for (size_t i = 0; i < kPayloadWords; ++i) {
      payload.words[i] = At(entry, Entry::kActual0 + i).load(std::memory_order_acquire);
    }
    if (At(entry, Entry::kVersion).load(std::memory_order_relaxed) != version) {
      continue;
    }
    const uint64_t ports = payload.words[4];
    if (Unpack(&payload.words[0], ports & 2, ports >> 32) == actual) {
      return Unpack(&payload.words[2], ports & 1, ports >> 16 & 0xffff);
    }
  }
  return std::nullopt;
}

}  // namespace names
