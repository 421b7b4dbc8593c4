#include "chain/health_table.h"

#include <algorithm>
#include <atomic>

namespace chain {
namespace {

using Atomic = std::atomic_ref<uint64_t>;

// A state, 0 where the hop is alive: when it was found dead or was claimed, in ms, above a byte of
// failures and kClaimed.
constexpr unsigned kTimeShift = 8;
constexpr uint64_t kClaimed = 0x80;
constexpr uint64_t kFailures = 0x7f;
constexpr uint64_t kLongestShift = 4;  // sixteen times retry_after

// A connect: when it was, or somebody began to find out, in ms, above its time in µs.
constexpr unsigned kConnectBits = 24;
constexpr uint64_t kLongestConnectUs = (uint64_t{1} << kConnectBits) - 1;

uint64_t Load(uint64_t* word) { return Atomic(*word).load(std::memory_order_acquire); }

bool Change(uint64_t* word, uint64_t from, uint64_t to) {
  return Atomic(*word).compare_exchange_strong(from, to, std::memory_order_acq_rel);
}

uint64_t StateOf(int64_t now_ms, uint64_t low) {
  return static_cast<uint64_t>(now_ms) << kTimeShift | low;
}

}  // namespace

HealthTable::HealthTable(std::span<uint8_t> region, size_t proxy_count, uint32_t retry_after_ms)
    : words_(reinterpret_cast<uint64_t*>(region.data())),
      proxy_count_(proxy_count),
      retry_after_ms_(retry_after_ms) {}

size_t HealthTable::RegionSize(size_t proxy_count, size_t chain_count) {
  return (proxy_count * kWords + chain_count) * sizeof(uint64_t);
}

HealthTable::Sight HealthTable::See(size_t proxy) const { return Sight(Load(At(proxy, kState))); }

uint32_t HealthTable::LeftOutMs(Sight sight) const {
  const uint64_t failures = sight.word_ & kFailures;
  const uint64_t shift = std::min(failures - (failures > 0 ? 1 : 0), kLongestShift);
  return static_cast<uint32_t>(std::min<uint64_t>(uint64_t{retry_after_ms_} << shift, UINT32_MAX));
}

int64_t HealthTable::BackMs(Sight sight) const {
  return sight.is_alive() ? 0 : static_cast<int64_t>(sight.word_ >> kTimeShift) + LeftOutMs(sight);
}

unsigned HealthTable::Failures(Sight sight) const {
  return static_cast<unsigned>(sight.word_ & kFailures);
}

bool HealthTable::Claim(size_t proxy, int64_t now_ms, Sight* seen) {
  const Sight before = See(proxy);
  if (before.is_alive() || now_ms < BackMs(before)) {
    return false;
  }
  const uint64_t mine = StateOf(now_ms, kClaimed | Failures(before));
  if (!Change(At(proxy, kState), before.word_, mine)) {
    return false;
  }
  *seen = Sight(mine);
  return true;
}

void HealthTable::Release(size_t proxy, Sight claimed, Sight before) {
  Change(At(proxy, kState), claimed.word_, before.word_);
}

bool HealthTable::Failed(size_t proxy, Sight seen, int64_t now_ms) {
  const bool is_mine = (seen.word_ & kClaimed) != 0;
  if (!seen.is_alive() && !is_mine && now_ms < BackMs(seen)) {
    return false;
  }
  const uint64_t failures = std::min<uint64_t>((seen.word_ & kFailures) + 1, kFailures);
  return Change(At(proxy, kState), seen.word_, StateOf(now_ms, failures));
}

bool HealthTable::Works(size_t proxy, Sight seen) {
  return !seen.is_alive() && Change(At(proxy, kState), seen.word_, 0);
}

uint32_t HealthTable::ConnectUs(size_t proxy) const {
  return static_cast<uint32_t>(Load(At(proxy, kConnect)) & kLongestConnectUs);
}

void HealthTable::SetConnectUs(size_t proxy, uint32_t connect_us, int64_t now_ms) {
  const uint64_t time = std::clamp<uint64_t>(connect_us, 1, kLongestConnectUs);
  Atomic(*At(proxy, kConnect))
      .store(static_cast<uint64_t>(now_ms) << kConnectBits | time, std::memory_order_release);
}

bool HealthTable::ClaimMeasure(size_t proxy, int64_t now_ms, Measure* claim) {
  uint64_t* const word = At(proxy, kConnect);
  const uint64_t before = Load(word);
  const auto when_ms = static_cast<int64_t>(before >> kConnectBits);
  if (before != 0 && now_ms - when_ms < kFreshMs) {
    return false;
  }
  const uint64_t mine =
      static_cast<uint64_t>(now_ms) << kConnectBits | (before & kLongestConnectUs);
  *claim = {mine, before};
  return Change(word, before, mine);
}

void HealthTable::ReleaseMeasure(size_t proxy, Measure claim) {
  Change(At(proxy, kConnect), claim.mine, claim.before);
}

uint64_t HealthTable::TakeTurns(size_t chain, uint64_t count) {
  return Atomic(words_[proxy_count_ * kWords + chain]).fetch_add(count, std::memory_order_relaxed);
}

}  // namespace chain
