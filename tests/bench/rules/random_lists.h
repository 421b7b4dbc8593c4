// Random names and networks that look like those of real lists; the same on every machine.
#ifndef GOCHAIN_TESTS_BENCH_RULES_RANDOM_LISTS_H_
#define GOCHAIN_TESTS_BENCH_RULES_RANDOM_LISTS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/endpoint.h"

namespace bench {

class Random {  // splitmix64
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  size_t Below(size_t limit) { return static_cast<size_t>(Next() % limit); }

 private:
  uint64_t state_;
};

// "kelomira.com", "img3.tavo-net.com.cn": 20 bytes on average, `count` different ones.
std::vector<std::string> RandomNames(size_t count, uint64_t seed);

struct Network {
  base::IpAddress address;
  unsigned prefix_bits;
};

// As in a routing table: IPv4 from /19 to /24, most of them /24, IPv6 from /28 to /48 in what the
// registries give out.
std::vector<Network> RandomNetworks(size_t count, bool v6, uint64_t seed);

// An address of that network.
base::IpAddress AddressIn(const Network& network, Random* random);

}  // namespace bench

#endif  // GOCHAIN_TESTS_BENCH_RULES_RANDOM_LISTS_H_
