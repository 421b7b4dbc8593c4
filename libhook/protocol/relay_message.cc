#include "protocol/relay_message.h"

#include <cstring>
#include <string_view>

namespace protocol {
namespace {

// What the target's host is written as: how many bytes of a name follow, or one of these.
constexpr uint8_t kV4 = 254;
constexpr uint8_t kV6 = 255;
static_assert(base::kMaxNameLength < kV4);

class Writer {
 public:
  explicit Writer(std::span<uint8_t> out) : out_(out) { std::memset(out.data(), 0, out.size()); }

  template <typename T>
  void Add(const T& value) {
    static_assert(std::is_arithmetic_v<T> || std::is_same_v<T, RelayToken>);
    AddBytes({reinterpret_cast<const uint8_t*>(&value), sizeof value});
  }
  void AddBytes(std::span<const uint8_t> bytes) {
    std::memcpy(out_.data() + at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }

 private:
  std::span<uint8_t> out_;
  size_t at_ = 0;
};

class Reader {
 public:
  explicit Reader(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  template <typename T>
  void Take(T* value) {
    static_assert(std::is_arithmetic_v<T> || std::is_same_v<T, RelayToken>);
    std::memcpy(value, bytes_.data(), sizeof *value);
    bytes_ = bytes_.subspan(sizeof *value);
  }
  std::span<const uint8_t> rest() const { return bytes_; }

 private:
  std::span<const uint8_t> bytes_;
};

// REQUIRES: `b` is no shorter.
bool AreEqual(std::span<const uint8_t> a, std::span<const uint8_t> b) {
  unsigned difference = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned>(a[i] ^ b[i]);
  }
  return difference == 0;
}

std::optional<base::Endpoint> ReadHost(uint8_t kind, std::span<const uint8_t> bytes,
                                       uint16_t port) {
  if (kind == kV4) {
    return base::Endpoint(base::IpAddress::V4Bytes(bytes.first<4>()), port);
  }
  if (kind == kV6) {
    return base::Endpoint(base::IpAddress::V6Bytes(bytes.first<16>()), port);
  }
  return base::Endpoint::FromName({reinterpret_cast<const char*>(bytes.data()), kind}, port);
}

}  // namespace

void WriteRelayRequest(const RelayRequest& request, const RelayToken& token,
                       std::span<uint8_t, kRelayRequestSize> out) {
  Writer writer(out);
  writer.Add(kRelayMagic);
  writer.Add(token);
  writer.Add(request.budget_ms);
  writer.Add(request.hop_count);
  for (const uint16_t hop : request.hops) {
    writer.Add(hop);
  }
  const base::Endpoint& target = request.target;
  writer.Add(target.port());
  if (target.is_name()) {
    const std::string_view name = target.name();
    writer.Add(static_cast<uint8_t>(name.size()));
    writer.AddBytes({reinterpret_cast<const uint8_t*>(name.data()), name.size()});
  } else {
    writer.Add(target.address().is_v4() ? kV4 : kV6);
    writer.AddBytes(target.address().bytes());
  }
}

void WriteRelayReply(const RelayReply& reply, const RelayToken& token,
                     std::span<uint8_t, kRelayReplySize> out) {
  Writer writer(out);
  writer.Add(token);
  writer.Add(reply.connect_us);
  writer.Add(static_cast<uint8_t>(reply.failure.cause));
  writer.Add(static_cast<uint8_t>(reply.failure.speaker));
  writer.Add(reply.failure.hop);
  writer.Add(reply.failure.code);
  const std::string_view detail = reply.failure.detail_text();
  writer.AddBytes({reinterpret_cast<const uint8_t*>(detail.data()), detail.size()});
}

bool IsRelayRequest(std::span<const uint8_t> head, const RelayToken& token) {
  std::array<uint8_t, kRelayHeadSize> expected;
  Writer writer(expected);
  writer.Add(kRelayMagic);
  writer.Add(token);
  return AreEqual(head, expected);
}

std::optional<RelayRequest> ReadRelayRequest(std::span<const uint8_t, kRelayRequestSize> bytes) {
  RelayRequest out;
  Reader reader(bytes.subspan<kRelayHeadSize>());
  reader.Take(&out.budget_ms);
  reader.Take(&out.hop_count);
  for (uint16_t& hop : out.hops) {
    reader.Take(&hop);
  }
  uint16_t port;
  uint8_t kind;
  reader.Take(&port);
  reader.Take(&kind);
  const auto target = ReadHost(kind, reader.rest(), port);
  if (!target || out.hop_count == 0 || out.hop_count > config::kMaxHops) {
    return std::nullopt;
  }
  out.target = *target;
  return out;
}

std::optional<RelayReply> ReadRelayReply(std::span<const uint8_t, kRelayReplySize> bytes,
                                         const RelayToken& token) {
  Reader reader(bytes);
  RelayToken given;
  RelayReply out;
  reader.Take(&given);
  reader.Take(&out.connect_us);
  uint8_t cause;
  uint8_t speaker;
  reader.Take(&cause);
  reader.Take(&speaker);
  reader.Take(&out.failure.hop);
  reader.Take(&out.failure.code);
  if (!AreEqual(given, token) || cause > static_cast<uint8_t>(base::kLastCause) ||
      speaker > static_cast<uint8_t>(base::Failure::kLastSpeaker) ||
      out.failure.hop >= config::kMaxHops) {
    return std::nullopt;
  }
  out.failure.cause = static_cast<base::Cause>(cause);
  out.failure.speaker = static_cast<base::Failure::Speaker>(speaker);
  const std::span<const uint8_t> detail = reader.rest();
  out.failure.set_detail({reinterpret_cast<const char*>(detail.data()),
                          strnlen(reinterpret_cast<const char*>(detail.data()), detail.size())});
  return out;
}

}  // namespace protocol
