// IpAddress, Endpoint: where something is, as an address or as a name.
//
// Plain values: trivially copyable, no allocation, usable in shared memory and signal handlers.
#ifndef GOCHAIN_BASE_ENDPOINT_H_
#define GOCHAIN_BASE_ENDPOINT_H_

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace base {

// An IPv4 or IPv6 address. A v4-mapped IPv6 address (::ffff:a.b.c.d) is always held as IPv4.
class IpAddress {
 public:
  enum class Family : uint8_t { kV4, kV6 };

  constexpr IpAddress() = default;  // 0.0.0.0
  static IpAddress V4(uint32_t host_order);
  static IpAddress V4Bytes(std::span<const uint8_t, 4> network_order);
  static IpAddress V6Bytes(std::span<const uint8_t, 16> network_order);
  // "192.0.2.7", "2001:db8::1" or "[2001:db8::1]"; no zone.
  static std::optional<IpAddress> Parse(std::string_view text);

  Family family() const { return family_; }
  bool is_v4() const { return family_ == Family::kV4; }
  // 4 or 16 bytes in network order.
  std::span<const uint8_t> bytes() const { return {bytes_.data(), is_v4() ? 4u : 16u}; }
  uint32_t v4() const;  // host order. REQUIRES: is_v4()

  bool IsLoopback() const;  // 127/8, ::1, and 0.0.0.0 and ::, which connect to the own host
  bool IsAny() const;
  // RFC 1918, RFC 4193, RFC 6598, and link-local.
  bool IsPrivate() const;
  bool InPrefix(const IpAddress& prefix, unsigned bits) const;

  friend bool operator==(const IpAddress&, const IpAddress&) = default;

 private:
  std::array<uint8_t, 16> bytes_{};
  Family family_ = Family::kV4;
};

inline constexpr size_t kMaxNameLength = 253;      // RFC 1035 §2.3.4, without the final dot
inline constexpr size_t kMaxAddressText = 46 + 2;  // INET6_ADDRSTRLEN and brackets
inline constexpr size_t kMaxEndpointText = kMaxNameLength + 6 + 1;

// A port at an address, or at a name that somebody else will look up.
class Endpoint {
 public:
  Endpoint() = default;
  Endpoint(const IpAddress& address, uint16_t port) : address_(address), port_(port) {}
  // Lower-cases and drops a final dot. Empty where `name` is empty, too long, has a NUL or
  // blank, or ends with more dots than one.
  static std::optional<Endpoint> FromName(std::string_view name, uint16_t port);
  // AF_INET and AF_INET6 only.
  static std::optional<Endpoint> FromSockaddr(const sockaddr* address, socklen_t length);

  bool is_name() const { return name_length_ > 0; }
  std::string_view name() const { return {name_.data(), name_length_}; }
  const IpAddress& address() const { return address_; }  // REQUIRES: !is_name()
  uint16_t port() const { return port_; }
  void set_port(uint16_t port) { port_ = port; }

  // "name:443", "192.0.2.7:443", "[2001:db8::1]:443"; not terminated. The view is of `buffer`.
  std::string_view Text(std::span<char, kMaxEndpointText> buffer) const;
  // The same without port; brackets around IPv6 where `brackets`.
  std::string_view HostText(std::span<char, kMaxEndpointText> buffer, bool brackets) const;

  friend bool operator==(const Endpoint& a, const Endpoint& b);

 private:
  IpAddress address_;
  uint16_t port_ = 0;
  uint8_t name_length_ = 0;
  std::array<char, kMaxNameLength + 2> name_;
};

// The socket address of `address`:`port` for a socket of `domain`: AF_INET6 takes IPv4 as
// v4-mapped. Returns its length, or 0 where the domain can't reach the address (IPv6 from AF_INET).
socklen_t ToSockaddr(const IpAddress& address, uint16_t port, int domain, sockaddr_storage* out);

}  // namespace base

#endif  // GOCHAIN_BASE_ENDPOINT_H_
