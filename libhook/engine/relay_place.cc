#include "engine/relay_place.h"

#include <atomic>
#include <cstring>

namespace engine {
namespace {

constexpr uint64_t kHasV6 = uint64_t{1} << 16;

int64_t BeganMs(uint64_t state) { return static_cast<int64_t>(state >> 2); }

}  // namespace

RelayPlace::RelayPlace(std::span<uint8_t> region)
    : words_(reinterpret_cast<uint64_t*>(region.data())) {}

uint64_t RelayPlace::Load(size_t word) const {
  return std::atomic_ref<uint64_t>(words_[word]).load(std::memory_order_acquire);
}

void RelayPlace::Store(size_t word, uint64_t value) {
  std::atomic_ref<uint64_t>(words_[word]).store(value, std::memory_order_release);
}

std::optional<FoundRelay> RelayPlace::Find() const {
  const uint64_t state = Load(kState);
  if ((state & kPhase) != kReady) {
    return std::nullopt;
  }
  FoundRelay out;
  out.version = state;
  const uint64_t port = Load(kPort);
  out.access.port = static_cast<uint16_t>(port);
  out.access.has_v6 = (port & kHasV6) != 0;
  const uint64_t request[] = {Load(kRequest), Load(kRequest + 1)};
  const uint64_t reply[] = {Load(kReply), Load(kReply + 1)};
  static_assert(sizeof request == sizeof out.access.request);
  std::memcpy(out.access.request.data(), request, sizeof request);
  std::memcpy(out.access.reply.data(), reply, sizeof reply);
  // Another one was put in its place meanwhile: what has been read may be of both.
  return Load(kState) == state ? std::optional(out) : std::nullopt;
}

bool RelayPlace::IsClaimed(int64_t now_ms) const {
  const uint64_t state = Load(kState);
  return (state & kPhase) == kClaimed && now_ms - BeganMs(state) < kStartTimeoutMs;
}

bool RelayPlace::Claim(uint64_t version, int64_t now_ms) {
  uint64_t state = Load(kState);
  if (IsClaimed(now_ms) || ((state & kPhase) == kReady && state != version)) {
    return false;
  }
  return std::atomic_ref<uint64_t>(words_[kState])
      .compare_exchange_strong(state, static_cast<uint64_t>(now_ms) << 2 | kClaimed);
}

void RelayPlace::Publish(const protocol::RelayAccess& access) {
  uint64_t halves[2];
  Store(kPort, access.port | (access.has_v6 ? kHasV6 : 0));
  std::memcpy(halves, access.request.data(), sizeof halves);
  Store(kRequest, halves[0]);
  Store(kRequest + 1, halves[1]);
  std::memcpy(halves, access.reply.data(), sizeof halves);
  Store(kReply, halves[0]);
  Store(kReply + 1, halves[1]);
  Store(kState, (Load(kState) & ~uint64_t{kPhase}) | kReady);
}

void RelayPlace::Abandon() { Store(kState, 0); }

}  // namespace engine
