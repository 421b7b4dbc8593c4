#include "config/hop_reach.h"

#include "base/endpoint.h"

namespace config {

std::optional<Complaint> FindUnsayableHop(ImageWriter& image, const Chain& chain) {
  for (size_t i = 0; i + 1 < chain.hop_count; ++i) {
    const Proxy& hop = image.proxies()[chain.hops[i]];
    const Proxy& next = image.proxies()[chain.hops[i + 1]];
    if (!TakesOnlyV4(hop.type) || next.host.size == 0) {
      continue;
    }
    const auto address = base::IpAddress::Parse(image.View(next.host));
    if (!address && hop.type == ProxyType::kSocks4a) {
      continue;
    }
    if (address && address->is_v4()) {
      continue;
    }
    std::string words = "the hop " + Quote(image.View(hop.name)) + " can't be told the ";
    words += address ? "IPv6 address" : "name";
    words += " of the hop " + Quote(image.View(next.name)) + " behind it: ";
    words += address ? "SOCKS4 carries IPv4 alone" : "give its address, or use socks4a";
    return Complaint{std::move(words), {}};
  }
  return std::nullopt;
}

}  // namespace config
