#include "config/rewrite_circle.h"

#include <algorithm>
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

// A host that `from` takes, to follow in the place of all of them: '*' is in no name, and every
// pattern that is wider takes it too.
std::string NameTakenBy(const ParsedPattern& from) {
  switch (from.kind) {
    case PatternKind::kAny:
      return "*";
    case PatternKind::kBelow:
      return "*." + from.host;
    case PatternKind::kExact:
    case PatternKind::kSelfOrBelow:
    case PatternKind::kGlob:
    case PatternKind::kGoGlob:
      return from.host;
    case PatternKind::kAddress:
    case PatternKind::kLoopback:
    case PatternKind::kPrivate:
    case PatternKind::kList:
      break;
  }
  return {};
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
      if (path_.size() == kLongestRewriteCircle) {
        return false;
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
    const ParsedPattern& from = steps_[start].from;
    const std::string name = NameTakenBy(from);
    path_ = {start};
    const Destinations taken{name, from.address, from.low_port, from.high_port};
    return Follow(Apply(steps_[start], taken), 0) ? path_ : std::vector<size_t>();
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
