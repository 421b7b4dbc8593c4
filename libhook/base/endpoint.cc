#include "base/endpoint.h"

#include <cstring>

#include "base/ascii.h"
#include "base/text.h"

namespace base {
namespace {

constexpr uint8_t kMappedPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::optional<std::array<uint8_t, 4>> ParseV4(std::string_view text) {
  std::array<uint8_t, 4> out{};
  for (size_t part = 0; part < 4; ++part) {
    if (part > 0) {
      if (text.empty() || text.front() != '.') {
        return std::nullopt;
      }
      text.remove_prefix(1);
    }
    unsigned value = 0;
    size_t digits = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
      value = value * 10 + static_cast<unsigned>(text[digits] - '0');
      if (++digits > 3) {
        return std::nullopt;
      }
    }
    // A leading zero could mean octal (inet_aton) or decimal: refused, as in RFC 6943 §3.1.1.
    if (digits == 0 || value > 255 || (digits > 1 && text[0] == '0')) {
      return std::nullopt;
    }
    out[part] = static_cast<uint8_t>(value);
    text.remove_prefix(digits);
  }
  if (!text.empty()) {
    return std::nullopt;
  }
  return out;
}

// RFC 4291 §2.2.
std::optional<std::array<uint8_t, 16>> ParseV6(std::string_view text) {
  std::array<uint8_t, 16> out{};
  size_t filled = 0;
  std::optional<size_t> gap;
  if (text.starts_with("::")) {
    gap = 0;
    text.remove_prefix(2);
  }
  while (!text.empty()) {
    if (filled == 16) {
      return std::nullopt;
    }
    unsigned value = 0;
    size_t digits = 0;
    while (digits < text.size() && digits < 5 && HexDigit(text[digits]) >= 0) {
      value = value * 16 + static_cast<unsigned>(HexDigit(text[digits++]));
    }
    if (digits < text.size() && text[digits] == '.') {
      const auto v4 = ParseV4(text);
      if (!v4 || filled > 12) {
        return std::nullopt;
      }
      std::memcpy(&out[filled], v4->data(), 4);
      filled += 4;
      text = {};
      break;
    }
    if (digits == 0 || digits > 4) {
      return std::nullopt;
    }
    out[filled++] = static_cast<uint8_t>(value >> 8);
    out[filled++] = static_cast<uint8_t>(value);
    text.remove_prefix(digits);
    if (text.empty()) {
      break;
    }
    if (text.front() != ':' || text.size() == 1) {
      return std::nullopt;
    }
    text.remove_prefix(1);
    if (text.front() == ':') {
      if (gap) {
        return std::nullopt;
      }
      gap = filled;
      text.remove_prefix(1);
    }
  }
  if (gap) {
    if (filled == 16) {
      return std::nullopt;
    }
    const size_t tail = filled - *gap;
    std::memmove(&out[16 - tail], &out[*gap], tail);
    std::memset(&out[*gap], 0, 16 - filled);
  } else if (filled != 16) {
    return std::nullopt;
  }
  return out;
}

void AppendV6(TextWriter& out, std::span<const uint8_t> bytes) {
  // RFC 5952: the longest run of two or more zero groups is shortened, the first of equals.
  unsigned group[8];
  for (size_t i = 0; i < 8; ++i) {
    group[i] = static_cast<unsigned>(bytes[2 * i] << 8 | bytes[2 * i + 1]);
  }
  size_t best = 8;
  size_t best_length = 1;
  for (size_t i = 0; i < 8;) {
    size_t length = 0;
    while (i + length < 8 && group[i + length] == 0) {
      ++length;
    }
    if (length > best_length) {
      best = i;
      best_length = length;
    }
    i += length > 0 ? length : 1;
  }
  for (size_t i = 0; i < 8; ++i) {
    if (i == best) {
      out.Append("::");
      i += best_length - 1;
      continue;
    }
    if (i > 0 && i != best + best_length) {
      out.Append(":");
    }
    out.AppendHex(group[i]);
  }
}

}  // namespace

IpAddress IpAddress::V4(uint32_t host_order) {
  IpAddress out;
  for (size_t i = 0; i < 4; ++i) {
    out.bytes_[i] = static_cast<uint8_t>(host_order >> (24 - 8 * i));
  }
  return out;
}

IpAddress IpAddress::V4Bytes(std::span<const uint8_t, 4> network_order) {
  IpAddress out;
  std::memcpy(out.bytes_.data(), network_order.data(), 4);
  return out;
}

IpAddress IpAddress::V6Bytes(std::span<const uint8_t, 16> network_order) {
  IpAddress out;
  if (std::memcmp(network_order.data(), kMappedPrefix, sizeof kMappedPrefix) == 0) {
    std::memcpy(out.bytes_.data(), network_order.data() + 12, 4);
    return out;
  }
  out.family_ = Family::kV6;
  std::memcpy(out.bytes_.data(), network_order.data(), 16);
  return out;
}

std::optional<IpAddress> IpAddress::Parse(std::string_view text) {
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
    text = text.substr(1, text.size() - 2);
  } else if (const auto v4 = ParseV4(text)) {
    return V4Bytes(*v4);
  }
  if (const auto v6 = ParseV6(text)) {
    return V6Bytes(*v6);
  }
  return std::nullopt;
}

uint32_t IpAddress::v4() const {
  uint32_t out = 0;
  for (size_t i = 0; i < 4; ++i) {
    out = out << 8 | bytes_[i];
  }
  return out;
}

bool IpAddress::IsAny() const {
  for (const uint8_t byte : bytes()) {
    if (byte != 0) {
      return false;
    }
  }
  return true;
}

bool IpAddress::IsLoopback() const {
  if (is_v4()) {
    return bytes_[0] == 127 || IsAny();
  }
  for (size_t i = 0; i < 15; ++i) {
    if (bytes_[i] != 0) {
      return false;
    }
  }
  return bytes_[15] <= 1;
}

bool IpAddress::IsPrivate() const {
  if (is_v4()) {
    const uint32_t a = v4();
    return a >> 24 == 10 || a >> 20 == (172 << 4 | 1) || a >> 16 == (192 << 8 | 168) ||
           a >> 16 == (169 << 8 | 254) || a >> 22 == (100 << 2 | 1);
  }
  return (bytes_[0] & 0xfe) == 0xfc || (bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80);
}

bool IpAddress::InPrefix(const IpAddress& prefix, unsigned bits) const {
  if (family_ != prefix.family_) {
    return false;
  }
  const size_t whole = bits / 8;
  if (std::memcmp(bytes_.data(), prefix.bytes_.data(), whole) != 0) {
    return false;
  }
  const unsigned rest = bits % 8;
  return rest == 0 || (bytes_[whole] ^ prefix.bytes_[whole]) >> (8 - rest) == 0;
}

std::optional<Endpoint> Endpoint::FromName(std::string_view name, uint16_t port) {
  if (!name.empty() && name.back() == '.') {
    name.remove_suffix(1);
  }
  if (name.empty() || name.size() > kMaxNameLength || name.back() == '.') {
    return std::nullopt;
  }
  Endpoint out;
  out.port_ = port;
  for (size_t i = 0; i < name.size(); ++i) {
    const auto c = static_cast<unsigned char>(name[i]);
    if (c <= ' ' || c == 0x7f) {
      return std::nullopt;
    }
    out.name_[i] = ToLower(static_cast<char>(c));
  }
  out.name_length_ = static_cast<uint8_t>(name.size());
  return out;
}

std::optional<Endpoint> Endpoint::FromSockaddr(const sockaddr* address, socklen_t length) {
  if (length < sizeof(sa_family_t)) {
    return std::nullopt;
  }
  if (address->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    sockaddr_in in;
    std::memcpy(&in, address, sizeof in);
    return Endpoint(IpAddress::V4(ntohl(in.sin_addr.s_addr)), ntohs(in.sin_port));
  }
  // The kernel takes an address without scope id too (SIN6_LEN_RFC2133, 24 bytes).
  constexpr socklen_t kShortestV6 = 24;
  if (address->sa_family == AF_INET6 && length >= kShortestV6) {
    sockaddr_in6 in6{};
    std::memcpy(&in6, address, length < sizeof in6 ? length : sizeof in6);
    return Endpoint(IpAddress::V6Bytes(std::span<const uint8_t, 16>(in6.sin6_addr.s6_addr, 16)),
                    ntohs(in6.sin6_port));
  }
  return std::nullopt;
}

std::string_view Endpoint::HostText(std::span<char, kMaxEndpointText> buffer, bool brackets) const {
  TextWriter out(buffer);
  if (is_name()) {
    out.Append(name());
  } else if (address_.is_v4()) {
    for (size_t i = 0; i < 4; ++i) {
      if (i > 0) {
        out.Append(".");
      }
      out.AppendNumber(address_.bytes()[i]);
    }
  } else {
    if (brackets) {
      out.Append("[");
    }
    AppendV6(out, address_.bytes());
    if (brackets) {
      out.Append("]");
    }
  }
  return out.view();
}

std::string_view Endpoint::Text(std::span<char, kMaxEndpointText> buffer) const {
  const size_t host = HostText(buffer, true).size();
  TextWriter out(buffer.subspan(host));
  out.Append(":");
  out.AppendNumber(port_);
  return {buffer.data(), host + out.view().size()};
}

bool operator==(const Endpoint& a, const Endpoint& b) {
  return a.port_ == b.port_ && a.name() == b.name() && (a.is_name() || a.address_ == b.address_);
}

socklen_t ToSockaddr(const IpAddress& address, uint16_t port, int domain, sockaddr_storage* out) {
  *out = {};
  if (domain == AF_INET) {
    if (!address.is_v4()) {
      return 0;
    }
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, address.bytes().data(), 4);
    std::memcpy(out, &in, sizeof in);
    return sizeof in;
  }
  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(port);
  if (address.is_v4()) {
    std::memcpy(in6.sin6_addr.s6_addr, kMappedPrefix, sizeof kMappedPrefix);
    std::memcpy(in6.sin6_addr.s6_addr + 12, address.bytes().data(), 4);
  } else {
    std::memcpy(in6.sin6_addr.s6_addr, address.bytes().data(), 16);
  }
  std::memcpy(out, &in6, sizeof in6);
  return sizeof in6;
}

}  // namespace base
