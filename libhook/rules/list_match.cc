#include "rules/list_match.h"

#include "config/name_match.h"
#include "rules/localhost.h"

namespace rules {
namespace {

using config::ListGroup;
using config::ListView;

// One question to the groups of a list.
class Asker {
 public:
  Asker(const ListView& list, std::string_view name, const base::IpAddress* address,
        Standing standing)
      : list_(list), suffixes_(name), name_(name), address_(address), standing_(standing) {}

  bool Takes(const ListGroup& group) const {
    return TakesName(group) || TakesAddress(group) || TakesSets(group);
  }

  bool TakesName(const ListGroup& group) const {
    if (name_.empty()) {
      return false;
    }
    // Such a pattern always means loopback and first hops expressly: one that takes a name of
    // localhost's is localhost or below it.
    if (list_.TakesName(group, suffixes_)) {
      return true;
    }
    std::string_view rest = list_.Globs(group);
    for (auto glob = ListView::NextGlob(&rest); !glob.empty(); glob = ListView::NextGlob(&rest)) {
      const bool means_it =
          standing_ != Standing::kLoopback || !IsLocalhost(name_) || IsLocalhost(glob);
      if (means_it && config::NameMatches(config::PatternKind::kGlob, glob, name_)) {
        return true;
      }
    }
    return false;
  }

 private:
  bool TakesAddress(const ListGroup& group) const {
    if (address_ == nullptr) {
      return false;
    }
    if (standing_ == Standing::kOrdinary) {
      return list_.TakesAddress(group.v4, group.v6, *address_);
    }
    if (standing_ == Standing::kLoopback) {
      if (!address_->IsLoopback()) {
        return false;
      }
      if (address_->is_v4() && list_.TakesAddress(group.loopback_v4, group.v6, *address_)) {
        return true;
      }
    }
    return list_.TakesAddress(group.single_v4, group.single_v6, *address_);
  }

  bool TakesSets(const ListGroup& group) const {
    const bool ordinary = standing_ == Standing::kOrdinary;
    return (ordinary && group.any != 0) || (group.loopback != 0 && IsLoopback()) ||
           (ordinary && group.private_ != 0 && address_ != nullptr && address_->IsPrivate());
  }

  bool IsLoopback() const {
    return IsLocalhost(name_) || (address_ != nullptr && address_->IsLoopback());
  }

  const ListView& list_;
  const config::NameSuffixes suffixes_;
  const std::string_view name_;
  const base::IpAddress* const address_;
  const Standing standing_;
};

}  // namespace

bool ListTakes(const ListView& list, const Query& query, Standing standing) {
  const Asker asker(list, query.name, query.address, standing);
  for (const ListGroup& group : list.groups()) {
    if (query.port >= group.low_port && query.port <= group.high_port && asker.Takes(group)) {
      return true;
    }
  }
  return false;
}

OnPorts ListTakesName(const ListView& list, std::string_view name, Standing standing) {
  const Asker asker(list, name, nullptr, standing);
  OnPorts out = OnPorts::kNone;
  for (const ListGroup& group : list.groups()) {
    if (out != OnPorts::kEvery && asker.Takes(group)) {
      out = group.low_port <= 1 && group.high_port == 65535 ? OnPorts::kEvery : OnPorts::kSome;
    }
  }
  return out;
}

bool ListNames(const ListView& list, std::string_view name) {
  const Asker asker(list, name, nullptr, Standing::kOrdinary);
  for (const ListGroup& group : list.groups()) {
    if (asker.TakesName(group)) {
      return true;
    }
  }
  return false;
}

}  // namespace rules
