// SaidTable: which of the lines that a person hears once in a run have been said, by whatever
// process of it. A word of the session's region. Async-signal-safe, any thread and process.
#ifndef GOCHAIN_ENGINE_SAID_TABLE_H_
#define GOCHAIN_ENGINE_SAID_TABLE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace engine {

enum class SaidOnce : uint8_t {
  kOtherRules,     // a program's environment names rules that don't hold
  kWithoutRights,  // a program runs without the rights it brings
  kDaemon,         // a program asks a daemon that is no part of the run
};

class SaidTable {
 public:
  static constexpr size_t RegionSize() { return sizeof(uint32_t); }

  SaidTable() = default;
  // REQUIRES: zeros, or what others of the run have made of it; aligned.
  explicit SaidTable(std::span<uint8_t> region)
      : word_(reinterpret_cast<uint32_t*>(region.data())) {}

  // True for the first who asks: it is his to say. REQUIRES: a region.
  bool TakeTurn(SaidOnce line) {
    const uint32_t bit = uint32_t{1} << static_cast<unsigned>(line);
    return (std::atomic_ref<uint32_t>(*word_).fetch_or(bit, std::memory_order_relaxed) & bit) == 0;
  }

 private:
  uint32_t* word_ = nullptr;
};

}  // namespace engine

#endif  // GOCHAIN_ENGINE_SAID_TABLE_H_
