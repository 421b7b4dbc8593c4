// SharedCache: a table of fixed size in shared memory that other processes write, from a 64-bit key
// to a payload of words; the oldest entry of a set makes room for a new one.
//
// Lock-free, async-signal-safe, any thread and process; what is read is a payload that was written
// whole. Keys may collide and come round again: what is found has to say itself whether it is
// meant.
#ifndef GOCHAIN_NAMES_SHARED_CACHE_H_
#define GOCHAIN_NAMES_SHARED_CACHE_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace names {

// kSetCount is a power of two.
template <size_t kPayloadWords, size_t kSetCount, size_t kWays>
class SharedCache {
 public:
  using Payload = std::array<uint64_t, kPayloadWords>;

  static constexpr size_t RegionSize() {
    return kEntriesOffset + kSetCount * kWays * sizeof(Entry);
  }
  // REQUIRES: `region` was zeroed once, is aligned to 8 and RegionSize() long.
  explicit SharedCache(std::span<uint8_t> region) : region_(region) {}
  SharedCache() = default;

  // Takes the place of what `key` has, else of the oldest in its set. Key 0 is for nothing.
  void Put(uint64_t key, const Payload& payload) {
    if (region_.empty() || key == 0) {
      return;
    }
    uint64_t version = 0;
    Entry* const chosen = Lock(Set(key), key, &version);
    At(*chosen, kKey).store(key, std::memory_order_release);
    for (size_t i = 0; i < kPayloadWords; ++i) {
      At(*chosen, kPayload + i).store(payload[i], std::memory_order_release);
    }
    const std::atomic_ref<uint64_t> counter(*reinterpret_cast<uint64_t*>(region_.data()));
    At(*chosen, kStamp)
        .store(counter.fetch_add(1, std::memory_order_relaxed) + 1, std::memory_order_release);
    At(*chosen, kVersion).store(version + 1, std::memory_order_release);
  }

  // Shows `take` what `key` has, until it says true; false where it never did.
  template <typename Take>
  bool Find(uint64_t key, Take take) const {
    if (region_.empty()) {
      return false;
    }
    Entry* const set = Set(key);
    for (size_t way = 0; way < kWays; ++way) {
      Entry& entry = set[way];
      const uint64_t version = At(entry, kVersion).load(std::memory_order_acquire);
      if (version % 2 != 0 || At(entry, kKey).load(std::memory_order_acquire) != key) {
        continue;
      }
      Payload payload;
      for (size_t i = 0; i < kPayloadWords; ++i) {
        payload[i] = At(entry, kPayload + i).load(std::memory_order_acquire);
      }
      if (At(entry, kVersion).load(std::memory_order_relaxed) == version && take(payload)) {
        return true;
      }
    }
    return false;
  }

 private:
  // One entry, all in 64-bit words so that every access can be atomic: stored with release and
  // loaded with acquire, so that who sees a word of a new payload sees the odd version too. The
  // version is odd while a writer is at work; a writer killed there leaves an entry that nobody
  // uses until it is overwritten.
  enum Word : size_t { kVersion, kKey, kStamp, kPayload };
  struct Entry {
    uint64_t words[kPayload + kPayloadWords];
  };
  static constexpr size_t kEntriesOffset = 8;  // behind the counter of stamps

  Entry* Set(uint64_t key) const {
    const size_t set = (key * 0x9e3779b97f4a7c15u >> 32) % kSetCount;
    return reinterpret_cast<Entry*>(region_.data() + kEntriesOffset) + set * kWays;
  }

  static std::atomic_ref<uint64_t> At(Entry& entry, size_t word) {
    return std::atomic_ref<uint64_t>(entry.words[word]);
  }

  // The entry of `set` for `key`: its own, else the oldest; with `version` made odd, so that
  // readers and other writers pass it by.
  static Entry* Lock(Entry* set, uint64_t key, uint64_t* version) {
    for (size_t round = 0; round < kWays; ++round) {
      Entry* chosen = nullptr;
      uint64_t oldest = UINT64_MAX;
      for (size_t way = 0; way < kWays; ++way) {
        const uint64_t seen = At(set[way], kVersion).load(std::memory_order_relaxed);
        if (seen % 2 != 0) {
          continue;
        }
        const bool own = At(set[way], kKey).load(std::memory_order_relaxed) == key;
        const uint64_t stamp = own ? 0 : At(set[way], kStamp).load(std::memory_order_relaxed) + 1;
        if (stamp < oldest) {
          oldest = stamp;
          chosen = &set[way];
          *version = seen;
        }
      }
      if (chosen == nullptr) {
        break;
      }
      if (At(*chosen, kVersion)
              .compare_exchange_strong(*version, *version + 1, std::memory_order_acquire)) {
        ++*version;
        return chosen;
      }
    }
    // Writers died in every way of the set: take one over.
    Entry* const chosen = &set[key % kWays];
    *version = At(*chosen, kVersion).fetch_or(1, std::memory_order_acquire) | 1;
    return chosen;
  }

  std::span<uint8_t> region_;
};

}  // namespace names

#endif  // GOCHAIN_NAMES_SHARED_CACHE_H_
