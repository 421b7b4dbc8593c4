#include "chain/selector.h"

#include <algorithm>
#include <limits>

namespace chain {

using config::ChainMode;

Selector::Selector(const config::Config& config, config::Route route, HealthTable health,
                   uint64_t random)
    : chain_(&config.chains()[route.index]),
      chain_index_(route.index),
      health_(health),
      random_(random) {}

bool Selector::Next(int64_t now_ms, Path* out) {
  *out = {};
  in_path_ = 0;
  is_last_resort_ = false;
  Order order{};
  size_t count = Usable(now_ms, &order);
  switch (chain_->mode) {
    case ChainMode::kStrict:
    case ChainMode::kDynamic:
      TakeSome(order, count, count, now_ms, out);
      break;
    case ChainMode::kFailover:
      TakeSome(order, count, 1, now_ms, out);
      break;
    case ChainMode::kFastest:
      TakeFastest(now_ms, out);
      break;
    case ChainMode::kRandom:
      Shuffle(&order, count);
      TakeSome(order, count, Length(), now_ms, out);
      break;
    case ChainMode::kRoundRobin:
      if (count > 0) {
        const uint64_t turn = health_.TakeTurns(chain_index_, Length()) % count;
        std::rotate(order.data(), order.data() + turn, order.data() + count);
      }
      TakeSome(order, count, Length(), now_ms, out);
      break;
  }
  if (out->size() < Length() && !last_resort_over_) {
    is_last_resort_ = true;
    FillWithDead(Length(), out);
  }
  return out->size() >= Length();
}

bool Selector::HasOther() const {
  size_t alive = 0;
  for (size_t i = 0; i < chain_->hop_count; ++i) {
    alive += (excluded_ >> i & 1) == 0 && SightAt(i).is_alive() ? 1 : 0;
  }
  return alive >= Length();
}

void Selector::Finish() {
  EndMeasure();
  if (claimed_) {
    health_.Release(claimed_->proxy, claimed_->sight, claimed_->before);
    claimed_.reset();
  }
}

size_t Selector::PositionOf(uint16_t proxy) const {
  const uint16_t* const hops = chain_->hops;
  return static_cast<size_t>(std::find(hops, hops + chain_->hop_count, proxy) - hops);
}

// How many hops a path has at least.
size_t Selector::Length() const { return config::HasLength(chain_->mode) ? chain_->length : 1; }

size_t Selector::Usable(int64_t now_ms, Order* out) const {
  size_t count = 0;
  for (size_t i = 0; i < chain_->hop_count; ++i) {
    const HealthTable::Sight sight = SightAt(i);
    const bool mine = claimed_ && claimed_->proxy == ProxyAt(i) && claimed_->sight == sight;
    if ((excluded_ >> i & 1) == 0 && (mine || health_.BackMs(sight) <= now_ms)) {
      (*out)[count++] = static_cast<uint8_t>(i);
    }
  }
  return count;
}

void Selector::TakeSome(const Order& order, size_t count, size_t length, int64_t now_ms,
                        Path* out) {
  for (size_t i = 0; i < count && out->size() < length; ++i) {
    Take(order[i], now_ms, out);
  }
}

// Where the hop was dead, this dial must be the one to try it.
bool Selector::Take(size_t position, int64_t now_ms, Path* out) {
  const uint16_t proxy = ProxyAt(position);
  const HealthTable::Sight before = health_.See(proxy);
  HealthTable::Sight sight = before;
  if (claimed_ && claimed_->sight != health_.See(claimed_->proxy)) {
    claimed_.reset();  // it has been told of
  }
  const bool mine = claimed_ && claimed_->proxy == proxy;
  if (!sight.is_alive() && !mine) {
    if (claimed_ || !health_.Claim(proxy, now_ms, &sight)) {
      return false;
    }
    claimed_ = {proxy, sight, before};
  }
  Add(position, sight, out);
  return true;
}

void Selector::Add(size_t position, HealthTable::Sight sight, Path* out) {
  seen_[position] = sight;
  in_path_ |= static_cast<Set>(1u << position);
  out->Add(ProxyAt(position));
}

void Selector::EndMeasure() {
  if (measured_) {
    health_.ReleaseMeasure(measured_->proxy, measured_->claim);
    measured_.reset();
  }
}

void Selector::TakeFastest(int64_t now_ms, Path* out) {
  EndMeasure();
  Order order{};
  const size_t count = Usable(now_ms, &order);
  size_t best = count;
  uint32_t best_us = std::numeric_limits<uint32_t>::max();
  for (size_t i = 0; i < count; ++i) {
    const uint16_t proxy = ProxyAt(order[i]);
    const bool alive = health_.See(proxy).is_alive();
    HealthTable::Measure claim;
    if (alive && !health_.ClaimMeasure(proxy, now_ms, &claim)) {
      const uint32_t us = health_.ConnectUs(proxy);
      if (us != 0 && us < best_us) {
        best = i;
        best_us = us;
      }
      continue;
    }
    if (alive) {
      measured_ = {proxy, claim};
    }
    if (Take(order[i], now_ms, out)) {
      return;
    }
    EndMeasure();
  }
  // Others are about to find out: then any.
  Shuffle(&order, best == count ? count : 0);
  for (size_t i = 0; i < count && out->empty(); ++i) {
    Take(order[best == count ? i : best], now_ms, out);
  }
}

void Selector::FillWithDead(size_t length, Path* out) {
  while (out->size() < length) {
    size_t soonest = chain_->hop_count;
    int64_t soonest_ms = std::numeric_limits<int64_t>::max();
    for (size_t i = 0; i < chain_->hop_count; ++i) {
      const int64_t back_ms = health_.BackMs(SightAt(i));
      if (((excluded_ | in_path_) >> i & 1) == 0 && back_ms < soonest_ms) {
        soonest = i;
        soonest_ms = back_ms;
      }
    }
    if (soonest == chain_->hop_count) {
      return;
    }
    Add(soonest, SightAt(soonest), out);
  }
}

// Fisher and Yates.
void Selector::Shuffle(Order* order, size_t count) {
  for (size_t i = count; i > 1; --i) {
    std::swap((*order)[i - 1], (*order)[Draw(i)]);
  }
}

// splitmix64: any seed will do. `below` is so small that the rest's bias is none.
uint64_t Selector::Draw(uint64_t below) {
  random_ += 0x9e3779b97f4a7c15;
  uint64_t mixed = random_;
  mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
  return (mixed ^ mixed >> 31) % below;
}

}  // namespace chain
