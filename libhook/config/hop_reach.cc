#include "config/hop_reach.h"

#include "base/endpoint.h"

namespace config {

namespace {

// May a path of the chain have hop number `next` right behind hop number `hop`?
bool MayFollow(const Chain& chain, size_t hop, size_t next) {
  switch (chain.mode) {
    case ChainMode::kStrict:
      return next == hop + 1;
    case ChainMode::kDynamic:
      return next > hop;
    case ChainMode::kRandom:
    case ChainMode::kRoundRobin:
      return next != hop && chain.length > 1;
    case ChainMode::kFailover:
    case ChainMode::kFastest:
      return false;
  }
  return false;
}

std::optional<Complaint> CheckPair(ImageWriter& image, const Proxy& hop, const Proxy& next) {
  if (!TakesOnlyV4(hop.type) || next.host.size == 0) {
    return std::nullopt;
  }
  const auto address = base::IpAddress::Parse(image.View(next.host));
  if (address ? address->is_v4() : hop.type == ProxyType::kSocks4a) {
    return std::nullopt;
  }
  std::string words = "the hop " + Quote(image.View(hop.name)) + " can't be told the ";
  words += address ? "IPv6 address" : "name";
  words += " of the hop " + Quote(image.View(next.name)) + " behind it: ";
  words += address ? "SOCKS4 carries IPv4 alone" : "give its address, or use socks4a";
  return Complaint{std::move(words), {}};
}

}  // namespace

std::optional<Complaint> FindUnsayableHop(ImageWriter& image, const Chain& chain) {
  for (size_t i = 0; i < chain.hop_count; ++i) {
    for (size_t j = 0; j < chain.hop_count; ++j) {
      if (!MayFollow(chain, i, j)) {
        continue;
      }
      if (auto complaint =
              CheckPair(image, image.proxies()[chain.hops[i]], image.proxies()[chain.hops[j]])) {
        return complaint;
      }
    }
  }
  return std::nullopt;
}

}  // namespace config
