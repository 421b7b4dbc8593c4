// HealthTable: which hops are dead, and how fast the others are, in a piece of the session's region
// that every process of the run shares. Lock-free; any thread; async-signal-safe.
//
// A dead hop is left out for retry_after, and after each further failure for twice as long, up to
// sixteen times. When its time has come one dial of the tree tries it (Claim), and the others go on
// without it until that one has told what came of it.
//
// Many dials may find the same death at once. It counts once: who tells of a hop says what it had
// seen of it before (Sight), and only the first changes it.
#ifndef GOCHAIN_CHAIN_HEALTH_TABLE_H_
#define GOCHAIN_CHAIN_HEALTH_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace chain {

class HealthTable {
 public:
  // What the table said of a hop at one moment.
  class Sight {
   public:
    Sight() = default;  // alive
    bool is_alive() const { return word_ == 0; }
    friend bool operator==(Sight, Sight) = default;

   private:
    friend class HealthTable;
    explicit Sight(uint64_t word) : word_(word) {}
    uint64_t word_ = 0;
  };

  // Times are those of base::NowMs().
  static constexpr int64_t kFreshMs = 5 * 60 * 1000;

  HealthTable() = default;
  // REQUIRES: RegionSize() bytes of zeros or of another view, aligned for uint64_t.
  HealthTable(std::span<uint8_t> region, size_t proxy_count, uint32_t retry_after_ms);
  static size_t RegionSize(size_t proxy_count, size_t chain_count);

  Sight See(size_t proxy) const;
  // When a dead hop may be tried again. 0: it is alive.
  int64_t BackMs(Sight sight) const;
  // How long the last failure has it left out.
  uint32_t LeftOutMs(Sight sight) const;
  // How often it has failed since it last worked.
  unsigned Failures(Sight sight) const;

  // Of all who try the hop at that time, now that it may be, true for one, with its Sight in
  // `seen`: that one says Failed() or Works(), or Release()s the claim where it can tell neither.
  bool Claim(size_t proxy, int64_t now_ms, Sight* seen);
  void Release(size_t proxy, Sight claimed, Sight before);

  // The hop failed, after it was seen so. True where that is news: not where another dial has told
  // it meanwhile, nor where it was known to be dead and tried before its time.
  bool Failed(size_t proxy, Sight seen, int64_t now_ms);
  // The hop did what it was asked for, after it was seen so. True where that is news: not where it
  // was alive, nor where another dial has told more of it meanwhile. What was under way when a hop
  // died may still be heard of, and doesn't bring it back.
  bool Works(size_t proxy, Sight seen);

  // How long the last connect to the hop took. 0: nobody knows.
  uint32_t ConnectUs(size_t proxy) const;
  void SetConnectUs(size_t proxy, uint32_t connect_us, int64_t now_ms);
  // A dial's undertaking to find out how long a connect to the hop takes.
  struct Measure {
    uint64_t mine;
    uint64_t before;
  };
  // True, for one dial, where ConnectUs() is unknown or older than kFreshMs: that one says
  // SetConnectUs(), or releases the claim where it didn't find out.
  bool ClaimMeasure(size_t proxy, int64_t now_ms, Measure* claim);
  // Nothing where the time is known meanwhile.
  void ReleaseMeasure(size_t proxy, Measure claim);

  // The number of turns that were taken of a chain before, and takes `count` of them.
  uint64_t TakeTurns(size_t chain, uint64_t count);

 private:
  enum Word : size_t { kState, kConnect, kWords };

  uint64_t* At(size_t proxy, Word word) const { return words_ + proxy * kWords + word; }

  uint64_t* words_ = nullptr;
  size_t proxy_count_ = 0;
  uint32_t retry_after_ms_ = 1;
};

}  // namespace chain

#endif  // GOCHAIN_CHAIN_HEALTH_TABLE_H_
