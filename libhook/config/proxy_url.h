// ProxyUrl: what a proxy's URL says.
#ifndef GOCHAIN_CONFIG_PROXY_URL_H_
#define GOCHAIN_CONFIG_PROXY_URL_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"
#include "config/diagnostics.h"

namespace config {

struct ProxyUrl {
  ProxyType type = ProxyType::kSocks5;
  std::string host;  // lower case, no final dot, no brackets
  uint16_t port = 0;
  bool default_port = false;  // none is written
  std::string user;           // percent-decoded
  std::string password;       // percent-decoded

  // "socks5://host:port": the URL without credentials.
  std::string Name() const;
};

// socks5://, socks5h:// (the same), http://, https://, or host:port alone, which is http. A
// complaint never has the password in it.
std::optional<Complaint> ParseProxyUrl(std::string_view text, ProxyUrl* out);

// RFC 1929 §2 has one byte for each of the two lengths. Basic has no limit of its own; the buffer
// of the HTTP handshake takes user and password of this many bytes together.
inline constexpr size_t kMaxSocksCredential = 255;
inline constexpr size_t kMaxHttpCredentials = 1000;

}  // namespace config

#endif  // GOCHAIN_CONFIG_PROXY_URL_H_
