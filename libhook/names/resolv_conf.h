// ResolvConf: what resolv.conf(5) says of search domains, as far as it changes which names a
// program asks for. A plain value; nothing is allocated, any thread, async-signal-safe.
#ifndef GOCHAIN_NAMES_RESOLV_CONF_H_
#define GOCHAIN_NAMES_RESOLV_CONF_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace names {

class ResolvConf {
 public:
  // glibc has no limit, musl's is 256 bytes, Kubernetes' 32 domains in 2048 bytes.
  static constexpr size_t kMaxSearch = 32;
  static constexpr size_t kMaxBytes = 2048;

  unsigned ndots = 1;

  size_t search_count() const { return count_; }
  // Lower case, no final dot.
  std::string_view search(size_t index) const;
  // Also where `domain` is written otherwise. One that there is no room for is left out.
  void AddSearch(std::string_view domain);
  void ClearSearch();

  bool operator==(const ResolvConf&) const = default;

 private:
  uint16_t size_ = 0;
  uint8_t count_ = 0;
  std::array<uint16_t, kMaxSearch> ends_{};
  std::array<char, kMaxBytes> bytes_{};
};

// `host_name` gives the search domain where the file names none, as resolv.conf(5) says.
ResolvConf ParseResolvConf(std::string_view text, std::string_view host_name);

// What `name` is without the search domain that it ends in; empty where it ends in none.
std::string_view StemOf(const ResolvConf& conf, std::string_view name);

// The part of `name` before a search domain, where a resolver may have put `name` together from
// that part and the domain before it tried the part alone: the part has a dot, but fewer than
// ndots. Empty: `name` was asked for as it is.
std::string_view SearchStem(const ResolvConf& conf, std::string_view name);

}  // namespace names

#endif  // GOCHAIN_NAMES_RESOLV_CONF_H_
