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
  std::vector<uint8_t> asked = message;
  if (asked.size() > 11) {
    asked[2] &= 0x7f;
    asked[6] = asked[7] = asked[8] = asked[9] = asked[10] = asked[11] = 0;
  }
  names::DnsQuery query;
  if (names::ParseDnsQuery(asked, &query) != names::DnsParsed::kQuery) return 0;
  std::array<base::IpAddress, 8> found;
  const size_t count = names::ReadDnsAddresses(message, query, found);
  fuzz::Require(count <= found.size(), "addresses fit");
  fuzz::Require(count * 4 <= size, "addresses are in the message");
  return 0;
}
