// Any datagram may come as the answer to a query: what is read of it fits, and is no more than the
// message can hold.
#include <array>
#include <cstdint>
#include <vector>

#include "handshake_property.h"
#include "names/dns_answer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<uint8_t> message(data, data + size);
  // The question is the answer's own, so that the fuzzer needn't guess one.
  std::array<uint8_t, 512> asked;
  const size_t asked_size = names::QueryOfAnswer(message, asked);
  fuzz::Require(asked_size <= size, "the question is in the message");
  names::DnsQuery query;
  const auto question = std::span<const uint8_t>(asked).first(asked_size);
  if (names::ParseDnsQuery(question, &query) != names::DnsParsed::kQuery) return 0;
  std::array<base::IpAddress, 8> found;
  const size_t count = names::ReadDnsAddresses(message, query, found);
  fuzz::Require(count <= found.size(), "addresses fit");
  fuzz::Require(count * 4 <= size, "addresses are in the message");
  return 0;
}
