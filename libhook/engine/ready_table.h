// ReadyTable: which first hops have connections ready for a dial, in a piece of the session's
// region that every process of the run shares: how many, and whether and when somebody asked. The
// connections themselves are the supervisor's (supervisor/ready_pool.h). Lock-free,
// async-signal-safe, any thread and process; what it says is a hint.
#ifndef GOCHAIN_ENGINE_READY_TABLE_H_
#define GOCHAIN_ENGINE_READY_TABLE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

namespace engine {

class ReadyTable {
 public:
  static constexpr size_t RegionSize(size_t proxy_count) { return proxy_count * sizeof(Record); }
  // REQUIRES: `region` was zeroed once, is aligned to 8 and RegionSize() long.
  explicit ReadyTable(std::span<uint8_t> region)
      : records_(reinterpret_cast<Record*>(region.data())),
        count_(region.size() / sizeof(Record)) {}
  ReadyTable() = default;

  void SetCount(size_t proxy, uint64_t count) {
    if (proxy < count_) {
      Word(records_[proxy].count).store(count, std::memory_order_relaxed);
    }
  }

  // True where it is worth the supervisor's while to be asked for one: there is one, or it hasn't
  // heard for a while that somebody would have liked one. `at_first`: of the first dial, too, which
  // may be the only one.
  bool MayAsk(size_t proxy, bool at_first, int64_t now_ms) {
    constexpr uint64_t kTellAgainMs = 500;
    if (proxy >= count_) {
      return false;
    }
    if (!at_first && Word(records_[proxy].dialled).exchange(1, std::memory_order_relaxed) == 0) {
      return false;
    }
    if (Word(records_[proxy].count).load(std::memory_order_relaxed) > 0) {
      return true;
    }
    const std::atomic_ref<uint64_t> asked = Word(records_[proxy].asked_ms);
    uint64_t before = asked.load(std::memory_order_relaxed);
    const auto now = static_cast<uint64_t>(now_ms);
    return now - before >= kTellAgainMs &&
           asked.compare_exchange_strong(before, now, std::memory_order_relaxed);
  }

 private:
  struct Record {
    uint64_t count;
    uint64_t asked_ms;
    uint64_t dialled;  // 1: somebody has asked before, if only in vain
  };
  static std::atomic_ref<uint64_t> Word(uint64_t& word) { return std::atomic_ref<uint64_t>(word); }

  Record* records_ = nullptr;
  size_t count_ = 0;
};

}  // namespace engine

#endif  // GOCHAIN_ENGINE_READY_TABLE_H_
