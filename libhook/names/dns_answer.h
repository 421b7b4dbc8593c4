// Reads the addresses out of a server's answer. Sans-I/O, every read checked, nothing allocated,
// any thread.
#ifndef GOCHAIN_NAMES_DNS_ANSWER_H_
#define GOCHAIN_NAMES_DNS_ANSWER_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/endpoint.h"
#include "names/dns_message.h"

namespace names {

// The addresses (A, AAAA) that `answer` gives for the name that `query` asked about, by way of its
// aliases (CNAME); returns how many of them are in `out`. None where it answers another question.
size_t ReadDnsAddresses(std::span<const uint8_t> answer, const DnsQuery& query,
                        std::span<base::IpAddress> out);

}  // namespace names

#endif  // GOCHAIN_NAMES_DNS_ANSWER_H_
