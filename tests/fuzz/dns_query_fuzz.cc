// Any datagram can be parsed; every answer to a query fits its buffer and is a message of its own.
#include <array>
#include <cstdint>
#include <vector>

#include "handshake_property.h"
#include "names/dns_message.h"
#include "names/reverse_name.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<uint8_t> message(data, data + size);
  names::DnsQuery query;
  const names::DnsParsed parsed = names::ParseDnsQuery(message, &query);
  if (parsed == names::DnsParsed::kIgnore) return 0;
  fuzz::Require(query.name().size() <= base::kMaxNameLength + 1, "a name fits");
  for (const size_t room : {size_t{12}, size_t{64}, size_t{512}, size_t{1232}}) {
    std::vector<uint8_t> out(room);
    const size_t made = names::BuildDnsAnswer(message, query, names::DnsCode::kNoSuchName, out);
    fuzz::Require(made == 0 || (made >= 12 && made <= room), "an answer fits");
    fuzz::Require(made == 0 || (out[2] & 0x80) != 0, "an answer says so");
    if (parsed != names::DnsParsed::kQuery) continue;
    const base::IpAddress addresses[] = {*base::IpAddress::Parse("198.19.1.2")};
    fuzz::Require(names::BuildDnsAddresses(message, query, addresses, 1, out) <= room, "an A fits");
    fuzz::Require(names::BuildDnsPointer(message, query, "go.example", 1, out) <= room,
                  "a PTR fits");
  }
  (void)names::ParseReverseName(query.name());
  return 0;
}
