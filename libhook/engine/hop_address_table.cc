#include "engine/hop_address_table.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "base/clock.h"

namespace engine {
namespace {

constexpr int64_t kLifetimeMs = 60 * 1000;

// The addresses of one proxy's name, in words that are stored with release and loaded with acquire:
// who sees a word of a new record sees the odd version of its writer too.
struct HopRecord {
  enum Word : size_t { kVersion, kExpiresMs, kCount, kAddresses };
  static constexpr size_t kWordsPerAddress = 3;  // 16 bytes, and 1 for IPv6
  uint64_t words[kAddresses + kMaxAddresses * kWordsPerAddress];

  uint64_t Load(size_t word) {
    return std::atomic_ref<uint64_t>(words[word]).load(std::memory_order_acquire);
  }
  void Store(size_t word, uint64_t value) {
    std::atomic_ref<uint64_t>(words[word]).store(value, std::memory_order_release);
  }

  base::IpAddress LoadAddress(size_t index) {
    const size_t first = kAddresses + index * kWordsPerAddress;
    const uint64_t halves[2] = {Load(first), Load(first + 1)};
    uint8_t bytes[16];
    std::memcpy(bytes, halves, sizeof bytes);
    return Load(first + 2) != 0 ? base::IpAddress::V6Bytes(std::span<const uint8_t, 16>(bytes))
                                : base::IpAddress::V4Bytes(std::span<const uint8_t, 4>(bytes, 4));
  }
  void StoreAddress(size_t index, const base::IpAddress& address) {
    const size_t first = kAddresses + index * kWordsPerAddress;
    uint64_t halves[2] = {};
    std::memcpy(halves, address.bytes().data(), address.bytes().size());
    Store(first, halves[0]);
    Store(first + 1, halves[1]);
    Store(first + 2, address.is_v4() ? 0 : 1);
  }
};

HopRecord* RecordAt(std::span<uint8_t> region, size_t proxy) {
  const size_t offset = proxy * sizeof(HopRecord);
  return offset + sizeof(HopRecord) <= region.size()
             ? reinterpret_cast<HopRecord*>(region.data() + offset)
             : nullptr;
}

}  // namespace

size_t HopAddressTable::RegionSize(size_t proxy_count) { return proxy_count * sizeof(HopRecord); }

size_t HopAddressTable::Find(size_t proxy, Addresses* out) const {
  HopRecord* const record = RecordAt(region_, proxy);
  if (record == nullptr) {
    return 0;
  }
  const uint64_t version = record->Load(HopRecord::kVersion);
  const uint64_t count = record->Load(HopRecord::kCount);
  const auto expires_ms = static_cast<int64_t>(record->Load(HopRecord::kExpiresMs));
  if (version % 2 != 0 || count > kMaxAddresses || base::NowMs() >= expires_ms) {
    return 0;
  }
  for (size_t i = 0; i < count; ++i) {
    (*out)[i] = record->LoadAddress(i);
  }
  return record->Load(HopRecord::kVersion) == version ? count : 0;
}

void HopAddressTable::Set(size_t proxy, std::span<const base::IpAddress> addresses) {
  HopRecord* const record = RecordAt(region_, proxy);
  if (record == nullptr) {
    return;
  }
  const std::atomic_ref<uint64_t> version(record->words[HopRecord::kVersion]);
  uint64_t before = version.load(std::memory_order_relaxed);
  // Another writer is at work, with the same answer: leave it to that one.
  if (before % 2 != 0 ||
      !version.compare_exchange_strong(before, before + 1, std::memory_order_acquire)) {
    return;
  }
  const size_t count = std::min(addresses.size(), kMaxAddresses);
  record->Store(HopRecord::kCount, count);
  for (size_t i = 0; i < count; ++i) {
    record->StoreAddress(i, addresses[i]);
  }
  record->Store(HopRecord::kExpiresMs, static_cast<uint64_t>(base::NowMs() + kLifetimeMs));
  record->Store(HopRecord::kVersion, before + 2);
}

}  // namespace engine
