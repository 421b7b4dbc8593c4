// What programs are told of names and addresses, by the hooks of libc's resolver and by the DNS
// responder alike. Async-signal-safe, any thread.
#ifndef GOCHAIN_ENGINE_LOOKUP_H_
#define GOCHAIN_ENGINE_LOOKUP_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/endpoint.h"
#include "engine/session.h"

namespace engine {

// Of one answer; what is beyond is told, but not remembered.
inline constexpr size_t kMaxAnswered = 64;
using AnsweredAddresses = std::array<base::IpAddress, kMaxAnswered>;

enum class Telling : uint8_t {
  kAsk,     // what the machine's own resolver says; then Answered()
  kHosts,   // what [hosts] says; then Answered()
  kMadeUp,  // an address made up for the name
};

// How a program that looks `name` up (lower case, no final dot) is answered. A name that the rules
// could send elsewhere than straight out on some port has a made-up address, so that nobody is
// asked for it and it can't be mistaken for another of the same address. Names of [hosts] have
// their own there, unless that could be mistaken too.
Telling HowToTell(const config::Config& config, std::string_view name);

// True where every name is kAsk: nothing but direct routes, no [rewrite] and no [hosts].
bool AsksForAll(const config::Config& config);

// A program is about to be told that `name` has `addresses`: so a connect to one of them means that
// name, for the whole tree. False where one of them is that of another name in [hosts]: then the
// name has to have a made-up address.
bool Answered(Session& session, std::string_view name, std::span<const base::IpAddress> addresses);

// The name that a program means by `address`, with port 0; `made_up` says whether the address is
// one made up for it. None where it means the address.
std::optional<base::Endpoint> NameFor(Session& session, const base::IpAddress& address,
                                      bool* made_up);

// The name to tell of `address`: one of [hosts], or that it was made up for.
std::optional<base::Endpoint> ReverseName(Session& session, const base::IpAddress& address);

}  // namespace engine

#endif  // GOCHAIN_ENGINE_LOOKUP_H_
