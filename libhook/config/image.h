// The layout of a config image, shared by its writer and its reader.
//
// Header, Globals, proxies, chains, patterns, the index of patterns, lists, rewrites, hosts, text;
// each part begins where the one before ends, so there are no offsets to check, only counts.
#ifndef GOCHAIN_CONFIG_IMAGE_H_
#define GOCHAIN_CONFIG_IMAGE_H_

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "config/config.h"

namespace config {

struct ImageHeader {
  uint32_t magic = 0;
  uint32_t size = 0;  // of the whole image
  uint32_t proxy_count = 0;
  uint32_t chain_count = 0;
  uint32_t pattern_count = 0;
  uint32_t hashed_count = 0;  // of the patterns, those that the index has by their host
  uint32_t list_count = 0;
  uint32_t rewrite_count = 0;
  uint32_t host_count = 0;
  uint32_t text_size = 0;
};

inline constexpr uint32_t kImageMagic = 0x37436347;  // "GcC7": the digit changes with the layout
inline constexpr size_t kImageAlignment = 8;
// Routes and patterns hold 16-bit indexes; the others keep an image of hostile counts from
// overflowing sums.
inline constexpr uint32_t kMaxProxies = 0xffff;
inline constexpr uint32_t kMaxChains = 0xffff;
inline constexpr uint32_t kMaxPatterns = 1u << 20;
inline constexpr uint32_t kMaxLists = 256;  // each is a descriptor of the launcher
inline constexpr uint32_t kMaxRewrites = 1000;
inline constexpr uint32_t kMaxHosts = 1u << 20;
inline constexpr uint32_t kMaxText = 1u << 26;

static_assert(std::is_trivially_copyable_v<Globals> && std::is_trivially_copyable_v<Proxy> &&
              std::is_trivially_copyable_v<Chain> && std::is_trivially_copyable_v<Pattern> &&
              std::is_trivially_copyable_v<HashedPattern> && std::is_trivially_copyable_v<List> &&
              std::is_trivially_copyable_v<Rewrite> && std::is_trivially_copyable_v<HostAddress>);
static_assert(alignof(Globals) <= kImageAlignment && alignof(Proxy) <= kImageAlignment &&
              alignof(Chain) <= kImageAlignment && alignof(Pattern) <= kImageAlignment &&
              alignof(HashedPattern) <= kImageAlignment && alignof(List) <= kImageAlignment &&
              alignof(Rewrite) <= kImageAlignment && alignof(HostAddress) <= kImageAlignment);

// Without a byte that nobody sets: the same rules are the same image, whoever compiles them, and
// nothing else of the compiler's memory is in it.
template <typename... Records>
inline constexpr bool kHaveNoGaps = (std::has_unique_object_representations_v<Records> && ...);
static_assert(kHaveNoGaps<ImageHeader, Globals, Proxy, Chain, Pattern, HashedPattern, List, Rewrite,
                          HostAddress>);

struct ImageLayout {
  size_t globals = 0;
  size_t proxies = 0;
  size_t chains = 0;
  size_t patterns = 0;
  size_t hashed = 0;
  size_t others = 0;
  size_t lists = 0;
  size_t rewrites = 0;
  size_t hosts = 0;
  size_t text = 0;
  size_t end = 0;
};

// REQUIRES: the counts are within the limits above, and hashed_count within pattern_count.
constexpr ImageLayout LayoutOf(const ImageHeader& header) {
  constexpr auto kAlign = [](size_t at) {
    return (at + kImageAlignment - 1) & ~(kImageAlignment - 1);
  };
  ImageLayout out;
  out.globals = kAlign(sizeof(ImageHeader));
  out.proxies = kAlign(out.globals + sizeof(Globals));
  out.chains = kAlign(out.proxies + header.proxy_count * sizeof(Proxy));
  out.patterns = kAlign(out.chains + header.chain_count * sizeof(Chain));
  out.hashed = kAlign(out.patterns + header.pattern_count * sizeof(Pattern));
  out.others = kAlign(out.hashed + header.hashed_count * sizeof(HashedPattern));
  out.lists = kAlign(out.others + (header.pattern_count - header.hashed_count) * sizeof(uint32_t));
  out.rewrites = kAlign(out.lists + header.list_count * sizeof(List));
  out.hosts = kAlign(out.rewrites + header.rewrite_count * sizeof(Rewrite));
  out.text = kAlign(out.hosts + header.host_count * sizeof(HostAddress));
  out.end = out.text + header.text_size;
  return out;
}

}  // namespace config

#endif  // GOCHAIN_CONFIG_IMAGE_H_
