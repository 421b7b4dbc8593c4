// Selector: which paths a dial tries through the hops of its route, one after the other, by the
// chain's mode and the hops' health.
//
// A path has no hop twice and none that this dial has excluded, and with each path that failed the
// caller excludes one more hop: so there is an end. Lives for one dial, on one thread; what it
// knows of other dials is in the health table. Async-signal-safe, no allocation.
#ifndef GOCHAIN_CHAIN_SELECTOR_H_
#define GOCHAIN_CHAIN_SELECTOR_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "chain/health_table.h"
#include "chain/path.h"
#include "config/config.h"

namespace chain {

class Selector {
 public:
  // `random` is for the modes that draw lots. REQUIRES: `config` outlives the selector; `route` is
  // a chain whose mode isn't strict.
  Selector(const config::Config& config, config::Route route, HealthTable health, uint64_t random);

  // The next path to try. False: there is none left.
  bool Next(int64_t now_ms, Path* out);

  // No later path of this dial has the hop; or one may have it again after all. REQUIRES: `proxy`
  // is a hop of the route.
  void Exclude(uint16_t proxy) { excluded_ |= BitOf(proxy); }
  void Allow(uint16_t proxy) { excluded_ &= static_cast<Set>(~BitOf(proxy)); }

  // What was known of the hop when the last path that has it was chosen. REQUIRES: as above
  HealthTable::Sight Seen(uint16_t proxy) const { return seen_[PositionOf(proxy)]; }
  // True where a path of hops that are alive is left.
  bool HasOther() const;
  // The path was the last resort: all its route's hops were dead, or too many of them.
  bool is_last_resort() const { return is_last_resort_; }
  // No other dead hop is tried by this dial.
  void EndLastResort() { last_resort_over_ = true; }
  // Gives back what was claimed and not told of. After it the selector is of no more use.
  void Finish();

 private:
  using Set = uint16_t;  // of positions in the chain
  static_assert(config::kMaxHops <= 16);
  using Order = std::array<uint8_t, config::kMaxHops>;

  size_t PositionOf(uint16_t proxy) const;
  Set BitOf(uint16_t proxy) const { return static_cast<Set>(1u << PositionOf(proxy)); }
  uint16_t ProxyAt(size_t position) const { return chain_->hops[position]; }
  HealthTable::Sight SightAt(size_t position) const { return health_.See(ProxyAt(position)); }

  size_t Length() const;
  bool Take(size_t position, int64_t now_ms, Path* out);
  void Add(size_t position, HealthTable::Sight sight, Path* out);
  // Adds hops in that order until the path is full.
  void TakeSome(const Order& order, size_t count, size_t length, int64_t now_ms, Path* out);
  void TakeFastest(int64_t now_ms, Path* out);
  void EndMeasure();
  void FillWithDead(size_t length, Path* out);
  // Positions of hops that are alive or whose time has come, in the chain's order.
  size_t Usable(int64_t now_ms, Order* out) const;
  void Shuffle(Order* order, size_t count);
  uint64_t Draw(uint64_t below);

  const config::Chain* chain_;
  size_t chain_index_;
  HealthTable health_;
  uint64_t random_;
  Set excluded_ = 0;
  Set in_path_ = 0;
  bool is_last_resort_ = false;
  bool last_resort_over_ = false;
  // The hop that this dial has claimed; at most one, so that a failure says what it is about.
  struct Claimed {
    uint16_t proxy;
    HealthTable::Sight sight;
    HealthTable::Sight before;
  };
  std::optional<Claimed> claimed_;
  // The hop whose connect this dial is to time.
  struct Measured {
    uint16_t proxy;
    HealthTable::Measure claim;
  };
  std::optional<Measured> measured_;
  std::array<HealthTable::Sight, config::kMaxHops> seen_;
};

}  // namespace chain

#endif  // GOCHAIN_CHAIN_SELECTOR_H_
