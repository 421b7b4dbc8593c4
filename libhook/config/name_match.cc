#include "config/name_match.h"

#include "config/go_glob.h"

namespace config {
namespace {

// A '*' stands for any bytes of one label, so it is enough to go back to the last one: a '.' of the
// glob meets a '.' of the name, and what lies before it is settled.
bool GlobTakes(std::string_view glob, std::string_view name) {
  size_t g = 0;
  size_t n = 0;
  size_t star = std::string_view::npos;
  size_t resume = 0;
  while (n < name.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      resume = n;
    } else if (g < glob.size() && glob[g] == name[n]) {
      ++g;
      ++n;
    } else if (star != std::string_view::npos && name[resume] != '.') {
      g = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') {
    ++g;
  }
  return g == glob.size();
}

}  // namespace

bool IsBelow(std::string_view name, std::string_view host) {
  return name.size() > host.size() && name.ends_with(host) &&
         name[name.size() - host.size() - 1] == '.';
}

bool NameMatches(PatternKind kind, std::string_view host, std::string_view name) {
  if (name.empty()) {
    return false;
  }
  switch (kind) {
    case PatternKind::kExact:
      return name == host;
    case PatternKind::kSelfOrBelow:
      return name == host || IsBelow(name, host);
    case PatternKind::kBelow:
      return IsBelow(name, host);
    case PatternKind::kGlob:
      return GlobTakes(host, name);
    case PatternKind::kGoGlob:
      return GoGlobTakes(host, name);
    case PatternKind::kAny:
    case PatternKind::kAddress:
    case PatternKind::kLoopback:
    case PatternKind::kPrivate:
    case PatternKind::kList:
      return false;
  }
  return false;
}

}  // namespace config
