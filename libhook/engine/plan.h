// Plan: what the engine makes of the address that a program hands to connect(2) or sendto(2),
// before anybody is asked anything. Pure but for the session's tables; async-signal-safe, any
// thread.
#ifndef GOCHAIN_ENGINE_PLAN_H_
#define GOCHAIN_ENGINE_PLAN_H_

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "base/endpoint.h"
#include "engine/session.h"
#include "rules/rules.h"

namespace engine {

struct Plan {
  base::Endpoint asked;   // as the program gave it: an address, or, at a door that has it, the name
  base::Endpoint target;  // the name that it was told `asked` for, else `asked`
  std::optional<base::Endpoint> rewritten;  // what [rewrite] puts in the target's place
  rules::Decision decision;
  // The destination's addresses where they are known: it is one, the program got one, or [hosts]
  // has them. Of several, those that take the same route.
  Addresses addresses;
  size_t address_count = 0;
  // Somebody must look the destination up here and now: nobody knows its addresses, and it is
  // direct, or dns = local. The rules are then asked again, with what was found.
  bool resolve_here = false;
  // `asked` stands for the target's name, and is the address of nothing.
  bool made_up = false;
  // The kernel may go on with the program's own call: to the address it gave, and direct.
  bool pass_through = false;

  const base::Endpoint& destination() const { return rewritten ? *rewritten : target; }
};

// Of an address. `exe` matters only where the config has patterns for programs.
Plan MakePlan(Session& session, const base::Endpoint& asked, std::string_view exe);

// Of a program that leaves the look-up of names to gochain, and says `asked` as it was given it: a
// name or an address. There is no call that the kernel could go on with.
Plan MakePlanAsked(Session& session, const base::Endpoint& asked, std::string_view exe);

// Asks the rules about `destination` where it was found, in `addresses`. The first of them decides;
// those that would take another route are dropped. Returns how many are left. REQUIRES: not empty
size_t DecideAt(const config::Config& config, const base::Endpoint& destination,
                std::string_view exe, std::span<base::IpAddress> addresses,
                rules::Decision* decision);

// The addresses of proxy number `proxy`, as far as they are known without looking its name up;
// returns how many.
size_t KnownHopAddresses(const Session& session, uint16_t proxy, Addresses* out);

}  // namespace engine

#endif  // GOCHAIN_ENGINE_PLAN_H_
