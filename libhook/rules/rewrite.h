// What [rewrite] puts in a target's place, before the rules are asked. Pure, async-signal-safe, any
// thread.
#ifndef GOCHAIN_RULES_REWRITE_H_
#define GOCHAIN_RULES_REWRITE_H_

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "base/endpoint.h"
#include "config/config.h"

namespace rules {

// A file whose rewrites lead in a circle is refused; this is for those that are merely endless.
inline constexpr size_t kMaxRewrites = 16;

// The rewrites that were taken, in their order.
struct RewriteTrail {
  std::array<const config::Rewrite*, kMaxRewrites> steps;
  size_t count = 0;
};

// Where a connection to `target` goes instead; none: there. The first rewrite that matches is taken
// and its result asked about again, each rewrite at most once. `address`, where there is one, is
// what a program gave for a target that has a name: rewrites of addresses see it too, until the
// host changes. `trail`, where there is one, is filled.
std::optional<base::Endpoint> Rewritten(const config::Config& config, const base::Endpoint& target,
                                        const base::IpAddress* address = nullptr,
                                        RewriteTrail* trail = nullptr);

// True where a rewrite names `name` on some port. One of ports alone (`:80`) doesn't: it sees the
// name's real addresses as well.
bool MayBeRewritten(const config::Config& config, std::string_view name);

}  // namespace rules

#endif  // GOCHAIN_RULES_REWRITE_H_
