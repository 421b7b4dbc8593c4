#include "listener/host_and_port.h"

#include <charconv>

namespace listener {

std::optional<base::Endpoint> EndpointOf(std::string_view host, uint16_t port) {
  if (const auto address = base::IpAddress::Parse(host)) {
    return base::Endpoint(*address, port);
  }
  // What is left of these is no name.
  return host.find_first_of("[]:/@\\") == std::string_view::npos
             ? base::Endpoint::FromName(host, port)
             : std::nullopt;
}

std::optional<base::Endpoint> HostAndPort(std::string_view text, uint16_t otherwise) {
  const size_t host_end = text.starts_with('[') ? text.find(']') : text.find(':');
  const bool has_brackets = text.starts_with('[');
  if (has_brackets && host_end == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view host = text.substr(0, has_brackets ? host_end + 1 : host_end);
  std::string_view rest = text.substr(host.size());
  unsigned port = otherwise;
  if (rest.starts_with(':')) {
    rest.remove_prefix(1);
    const char* const end = rest.data() + rest.size();
    const auto read = std::from_chars(rest.data(), end, port);
    if ((read.ec != std::errc() || read.ptr != end) && !(rest.empty() && otherwise != 0)) {
      return std::nullopt;
    }
  } else if (!rest.empty()) {
    return std::nullopt;
  }
  if (port == 0 || port > UINT16_MAX) {
    return std::nullopt;
  }
  return EndpointOf(host, static_cast<uint16_t>(port));
}

}  // namespace listener
