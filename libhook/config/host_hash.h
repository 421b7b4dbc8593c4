// HostHash: hashes a name from its last byte on, so that one pass over it hashes all its suffixes.
// For the image's index of patterns by their host. Pure, async-signal-safe.
#ifndef GOCHAIN_CONFIG_HOST_HASH_H_
#define GOCHAIN_CONFIG_HOST_HASH_H_

#include <cstdint>
#include <string_view>

namespace config {

class HostHash {
 public:
  static uint32_t Of(std::string_view host) {
    HostHash hash;
    for (size_t i = host.size(); i > 0; --i) {
      hash.Add(host[i - 1]);
    }
    return hash.value();
  }

  // FNV-1a.
  void Add(char c) { value_ = (value_ ^ static_cast<uint8_t>(c)) * 16777619u; }
  uint32_t value() const { return value_; }

 private:
  uint32_t value_ = 2166136261u;
};

}  // namespace config

#endif  // GOCHAIN_CONFIG_HOST_HASH_H_
