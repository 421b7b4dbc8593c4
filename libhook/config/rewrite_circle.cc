#include "config/rewrite_circle.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "config/name_match.h"

namespace config {
namespace {

// One host, and a range of its ports that fare alike.
struct Destinations {
  std::string_view name;  // empty: `address`
  base::IpAddress address;
  uint32_t low_port = 0;
  uint32_t high_port = 65535;
};

bool TakesHost(const ParsedPattern& from, const Destinations& at) {
  if (from.kind == PatternKind::kAny) {
    return true;
  }
  if (from.kind == PatternKind::kAddress) {
    return at.name.empty() && at.address.InPrefix(from.address, from.prefix_bits);
  }
  return NameMatches(from.kind, from.host, at.name);
}

// What `step` makes of `at`.
Destinations Apply(const RewriteStep& step, Destinations at) {
  if (step.to_is_address) {
    at.name = {};
    at.address = step.to_address;
  } else if (!step.to_host.empty()) {
    at.name = step.to_host;
  }
  if (step.to_port != 0) {
    at.low_port = at.high_port = step.to_port;
  }
  return at;
}

// What `step` takes, where that is one host or becomes one.
std::optional<Destinations> Start(const RewriteStep& step) {
  const ParsedPattern& from = step.from;
  const bool address =
      from.kind == PatternKind::kAddress && from.prefix_bits == from.address.bytes().size() * 8;
  const bool name = from.kind == PatternKind::kExact;
  if (!name && !address && !step.to_is_address && step.to_host.empty()) {
    return std::nullopt;
  }
  return Destinations{name ? std::string_view(from.host) : std::string_view(), from.address,
                      from.low_port, from.high_port};
}

bool Changes(const RewriteStep& step, const Destinations& at) {
  const Destinations made = Apply(step, at);
  return made.name != at.name || (made.name.empty() && made.address != at.address) ||
         made.low_port != at.low_port || made.high_port != at.high_port;
}

class Walk {
 public:
  explicit Walk(std::span<const RewriteStep> steps) : steps_(steps) {}

  // Follows `at`, the result of the last step of the path, from step `next` on. True where it comes
  // back to the path's first step.
  bool Follow(const Destinations& at, size_t next) {
    for (; next < steps_.size(); ++next) {
      const RewriteStep& step = steps_[next];
      Destinations taken = at;
      taken.low_port = std::max<uint32_t>(at.low_port, step.from.low_port);
      taken.high_port = std::min<uint32_t>(at.high_port, step.from.high_port);
      if (taken.low_port > taken.high_port || !TakesHost(step.from, at)) {
        continue;
      }
      const bool used = std::find(path_.begin(), path_.end(), next) != path_.end();
      if (used && next == path_.front() && path_.size() > 1 && Changes(step, taken)) {
        return true;
      }
      if (used) {
        continue;
      }
      path_.push_back(next);
      if (Follow(Apply(step, taken), 0)) {
        return true;
      }
      path_.pop_back();
      // Ports that this step leaves go on to the next ones.
      Destinations left = at;
      left.high_port = taken.low_port - 1;
      if (at.low_port < taken.low_port && Follow(left, next + 1)) {
        return true;
      }
      left = at;
      left.low_port = taken.high_port + 1;
      return taken.high_port < at.high_port && Follow(left, next + 1);
    }
    return false;
  }

  std::vector<size_t> Run(size_t start) {
    if (const auto at = Start(steps_[start])) {
      path_ = {start};
      if (Follow(Apply(steps_[start], *at), 0)) {
        return path_;
      }
    }
    return {};
  }

 private:
  std::span<const RewriteStep> steps_;
  std::vector<size_t> path_;
};

}  // namespace

std::vector<size_t> FindRewriteCircle(std::span<const RewriteStep> steps, size_t start) {
  return Walk(steps).Run(start);
}

}  // namespace config
