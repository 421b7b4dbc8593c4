// DNS queries (RFC 1035, EDNS of RFC 6891) read, and answers to them built. Sans-I/O, every read
// checked, nothing allocated, any thread.
#ifndef GOCHAIN_NAMES_DNS_MESSAGE_H_
#define GOCHAIN_NAMES_DNS_MESSAGE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/endpoint.h"

namespace names {

inline constexpr size_t kMaxDnsMessage = 65535;

enum class DnsType : uint16_t { kA = 1, kCname = 5, kPtr = 12, kAaaa = 28, kOpt = 41 };
enum class DnsCode : uint8_t {
  kNoError = 0,
  kFormatError = 1,
  kServerFailure = 2,
  kNoSuchName = 3,
  kNotImplemented = 4,
  kRefused = 5,
};

struct DnsQuery {
  uint16_t id = 0;
  uint16_t flags = 0;
  uint16_t type = 0;
  uint16_t klass = 0;
  bool edns = false;
  // False where a label holds a byte that no host name has (a dot or blank inside it, say).
  bool sayable = false;
  uint16_t question_size = 0;  // bytes of the question, right behind the header
  uint8_t name_size = 0;
  std::array<char, base::kMaxNameLength + 2> name_bytes;

  uint8_t opcode() const { return static_cast<uint8_t>(flags >> 11 & 0xf); }
  // Lower case, without the final dot; empty: the root.
  std::string_view name() const { return {name_bytes.data(), name_size}; }
  bool Is(DnsType wanted) const { return type == static_cast<uint16_t>(wanted); }
};

enum class DnsParsed : uint8_t {
  kQuery,   // with one question
  kBroken,  // header read; to be answered kFormatError
  kIgnore,  // an answer, or too short to have a header
};
DnsParsed ParseDnsQuery(std::span<const uint8_t> message, DnsQuery* out);

// The query that asks a resolver for records of `type` and `klass` of `name`, whose labels have no
// escapes. Returns its size, or 0 where there can't be such a name or `out` is too small.
size_t BuildDnsQuery(uint16_t id, std::string_view name, uint16_t type, uint16_t klass,
                     std::span<uint8_t> out);

// The query that `answer` is to, as far as it says: its number and its question. Returns its size,
// or 0 where it is no answer to one question.
size_t QueryOfAnswer(std::span<const uint8_t> answer, std::span<uint8_t> out);

// Builds the answer to `query`, whose bytes are `message`. Returns its size, or 0 where `out` is
// too small.
size_t BuildDnsAnswer(std::span<const uint8_t> message, const DnsQuery& query, DnsCode code,
                      std::span<uint8_t> out);
// One record for each of `addresses`, which are of the family that `query` asks for.
size_t BuildDnsAddresses(std::span<const uint8_t> message, const DnsQuery& query,
                         std::span<const base::IpAddress> addresses, uint32_t ttl_s,
                         std::span<uint8_t> out);
size_t BuildDnsPointer(std::span<const uint8_t> message, const DnsQuery& query,
                       std::string_view name, uint32_t ttl_s, std::span<uint8_t> out);

}  // namespace names

#endif  // GOCHAIN_NAMES_DNS_MESSAGE_H_
