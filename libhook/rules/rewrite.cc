#include "rules/rewrite.h"

#include "rules/rules.h"

namespace rules {
namespace {

using config::Config;
using config::Rewrite;

base::Endpoint Apply(const Config& config, const Rewrite& rewrite, base::Endpoint target) {
  const uint16_t port = rewrite.to_port != 0 ? rewrite.to_port : target.port();
  if (rewrite.to_is_address) {
    return {rewrite.to_address, port};
  }
  if (rewrite.to_host.size > 0) {
    return base::Endpoint::FromName(config.text(rewrite.to_host), port).value_or(target);
  }
  target.set_port(port);
  return target;
}

bool Takes(const Config& config, const Rewrite& rewrite, const base::Endpoint& target,
           const base::IpAddress* address) {
  Query query;
  query.port = target.port();
  if (target.is_name()) {
    query.name = target.name();
    query.address = address;
  } else {
    query.address = &target.address();
  }
  return Matches(config, rewrite.from, query);
}

bool ChangesHost(const Rewrite& rewrite) {
  return rewrite.to_is_address || rewrite.to_host.size > 0;
}

}  // namespace

std::optional<base::Endpoint> Rewritten(const Config& config, const base::Endpoint& target,
                                        const base::IpAddress* address, RewriteTrail* trail) {
  if (config.rewrites().empty()) {
    return std::nullopt;
  }
  RewriteTrail used;
  base::Endpoint now = target;
  const auto is_used = [&](const Rewrite& rewrite) {
    for (size_t i = 0; i < used.count; ++i) {
      if (used.steps[i] == &rewrite) {
        return true;
      }
    }
    return false;
  };
  const auto next = [&]() -> const Rewrite* {
    for (const Rewrite& rewrite : config.rewrites()) {
      if (!is_used(rewrite) && Takes(config, rewrite, now, address)) {
        return &rewrite;
      }
    }
    return nullptr;
  };
  while (used.count < kMaxRewrites) {
    const Rewrite* const rewrite = next();
    if (rewrite == nullptr) {
      break;
    }
    now = Apply(config, *rewrite, now);
    address = ChangesHost(*rewrite) ? nullptr : address;
    used.steps[used.count++] = rewrite;
  }
  if (trail != nullptr) {
    *trail = used;
  }
  return now == target ? std::nullopt : std::optional(now);
}

bool MayBeRewritten(const Config& config, std::string_view name) {
  for (const Rewrite& rewrite : config.rewrites()) {
    const config::Pattern& from = rewrite.from;
    if (from.kind != config::PatternKind::kAny &&
        Matches(config, from,
                {.name = name, .address = nullptr, .port = from.low_port, .exe = {}})) {
      return true;
    }
  }
  return false;
}

}  // namespace rules
