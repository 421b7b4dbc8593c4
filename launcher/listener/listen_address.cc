#include "listener/listen_address.h"

#include <netinet/in.h>

#include <charconv>

namespace listener {
namespace {

constexpr std::string_view kLocalhost = "localhost";

bool IsHere(std::string_view host, const base::IpAddress& own) {
  const auto address =
      host == kLocalhost ? base::IpAddress::V4(INADDR_LOOPBACK) : base::IpAddress::Parse(host);
  if (!address) {
    return false;
  }
  return *address == own || (own.IsAny() && address->IsLoopback());
}

}  // namespace

std::optional<base::Endpoint> ListenAddress(std::string_view text) {
  const size_t colon = text.rfind(':');
  const bool has_host = colon != std::string_view::npos;
  const std::string_view host = has_host ? text.substr(0, colon) : kLocalhost;
  const std::string_view digits = has_host ? text.substr(colon + 1) : text;
  uint16_t port = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) {
    return std::nullopt;
  }
  if (host == kLocalhost) {
    return base::Endpoint(base::IpAddress::V4(INADDR_LOOPBACK), port);
  }
  const auto address = base::IpAddress::Parse(host);
  if (!address || (host.front() != '[' && host.find(':') != std::string_view::npos)) {
    return std::nullopt;  // "::1" alone would be address "::" and port 1, or the reverse
  }
  return base::Endpoint(*address, port);
}

const config::Proxy* ProxyAt(const config::Config& config, const base::Endpoint& own) {
  for (const config::Proxy& proxy : config.proxies()) {
    if (proxy.port == own.port() && IsHere(config.text(proxy.host), own.address())) {
      return &proxy;
    }
  }
  return nullptr;
}

}  // namespace listener
