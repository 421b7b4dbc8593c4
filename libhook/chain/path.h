// Path: the hops that one dial takes, in their order. Plain value.
#ifndef GOCHAIN_CHAIN_PATH_H_
#define GOCHAIN_CHAIN_PATH_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "config/config.h"

namespace chain {

class Path {
 public:
  Path() = default;
  // All hops of `route`: none for direct and reject.
  static Path Whole(const config::Config& config, config::Route route) {
    Path out;
    for (size_t i = 0; i < config.HopCount(route); ++i) {
      out.Add(config.HopIndexAt(route, i));
    }
    return out;
  }

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  uint16_t operator[](size_t index) const { return hops_[index]; }  // REQUIRES: index < size()
  void Add(uint16_t proxy) { hops_[size_++] = proxy; }  // REQUIRES: size() < config::kMaxHops
  const config::Proxy& At(const config::Config& config, size_t index) const {
    return config.proxies()[hops_[index]];
  }
  // True where the relay has to dial it.
  bool NeedsRelay(const config::Config& config) const {
    for (size_t i = 0; i < size_; ++i) {
      if (config::NeedsRelay(At(config, i))) {
        return true;
      }
    }
    return false;
  }

 private:
  uint8_t size_ = 0;
  std::array<uint16_t, config::kMaxHops> hops_{};  // indexes of proxies
};

}  // namespace chain

#endif  // GOCHAIN_CHAIN_PATH_H_
