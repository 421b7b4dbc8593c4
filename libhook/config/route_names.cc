#include "config/route_names.h"

#include "base/ascii.h"
#include "config/nearest_word.h"

namespace config {
namespace {

bool IsName(std::string_view text) {
  for (const char c : text) {
    const bool good = base::IsLetterOrDigit(c) || c == '-' || c == '_' || c == '.';
    if (!good) {
      return false;
    }
  }
  return !text.empty();
}

}  // namespace

std::optional<Complaint> CheckName(std::string_view name) {
  if (!IsName(name)) {
    return Complaint{"bad name " + Quote(name) + ": letters, digits, '.', '-' and '_' make a name",
                     {}};
  }
  return std::nullopt;
}

RouteNames::RouteNames() {
  entries_.push_back({"direct", {RouteKind::kDirect, 0}, {}});
  entries_.push_back({"reject", {RouteKind::kReject, 0}, {}});
}

std::optional<Complaint> RouteNames::Add(std::string_view name, Route route, const Origin& origin) {
  if (auto complaint = CheckName(name)) {
    return complaint;
  }
  if (const Entry* const taken = FindEntry(name)) {
    const Origin& by = taken->origin;
    std::string message = "the name " + Quote(name) + " is taken";
    if (by.line > 0) {
      message += by.file == origin.file ? " by line " : " by " + by.file + ":";
      message += std::to_string(by.line);
    } else if (!by.file.empty()) {
      message += " by " + by.file;
    }
    return Complaint{message, {}};
  }
  entries_.push_back({std::string(name), route, origin});
  return std::nullopt;
}

std::optional<Route> RouteNames::Find(std::string_view name) const {
  const Entry* const entry = FindEntry(name);
  return entry != nullptr ? std::optional(entry->route) : std::nullopt;
}

std::optional<Complaint> RouteNames::FindRoute(std::string_view name, Route* out) const {
  if (const Entry* const entry = FindEntry(name)) {
    *out = entry->route;
    return std::nullopt;
  }
  std::vector<std::string_view> words;
  for (const Entry& entry : entries_) {
    words.push_back(entry.name);
  }
  return Complaint{"unknown route " + Quote(name), NearestWord(name, words)};
}

std::optional<Complaint> RouteNames::FindHop(std::string_view name, uint16_t* out) const {
  const Entry* const entry = FindEntry(name);
  if (entry == nullptr) {
    std::vector<std::string_view> words;
    for (const Entry& known : entries_) {
      if (known.route.kind == RouteKind::kProxy) {
        words.push_back(known.name);
      }
    }
    return Complaint{"unknown proxy " + Quote(name), NearestWord(name, words)};
  }
  if (entry->route.kind != RouteKind::kProxy) {
    return Complaint{"the hop " + Quote(name) +
                         (entry->route.kind == RouteKind::kChain ? " is a chain" : " is no proxy") +
                         "; a hop is a proxy",
                     {}};
  }
  *out = entry->route.index;
  return std::nullopt;
}

const RouteNames::Entry* RouteNames::FindEntry(std::string_view name) const {
  for (const Entry& entry : entries_) {
    if (entry.name == name) {
      return &entry;
    }
  }
  return nullptr;
}

}  // namespace config
