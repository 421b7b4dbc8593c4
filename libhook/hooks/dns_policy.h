// The engine's DnsPolicy, for the hooks that see DNS messages of a program that no supervisor
// stands behind. Async-signal-safe where connect is.
#ifndef GOCHAIN_HOOKS_DNS_POLICY_H_
#define GOCHAIN_HOOKS_DNS_POLICY_H_

#include <cstdint>
#include <span>

#include "engine/dns_policy.h"
#include "names/resolv_conf.h"

namespace hooks {

// The machine's, as it is now.
names::ResolvConf ReadResolvConf();

// True where the library answers DNS messages: there are rules, and nobody else is there for it.
bool AnswersDns();

// What `query` is to be told. kIgnore where it may not be asked and there is no answer.
engine::DnsPolicy::Decision DecideQuery(std::span<const uint8_t> query, std::span<uint8_t> out);

// A server has said `answer`, of which there may be no more than its beginning, to `query`: as
// DnsPolicy::Review().
engine::DnsPolicy::Decision ReviewAnswer(std::span<const uint8_t> query,
                                         std::span<const uint8_t> answer, std::span<uint8_t> out);

// The first `size` bytes of `room` are what a server has said to a question that went to it: notes
// it. Returns the size of what the program is to be told, which is in its place.
size_t NoteAnswer(std::span<uint8_t> room, size_t size);

}  // namespace hooks

#endif  // GOCHAIN_HOOKS_DNS_POLICY_H_
