// RouteNames: the one name space of proxies and chains, with `direct` and `reject`.
#ifndef GOCHAIN_CONFIG_ROUTE_NAMES_H_
#define GOCHAIN_CONFIG_ROUTE_NAMES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/diagnostics.h"

namespace config {

// Letters, digits, '.', '-' and '_'.
std::optional<Complaint> CheckName(std::string_view name);

class RouteNames {
 public:
  RouteNames();

  // Where a name was given: a line of a file, or, with line 0, `-p` or a variable.
  struct Origin {
    std::string file;
    uint32_t line = 0;
  };

  // Complains where the name is malformed or taken.
  std::optional<Complaint> Add(std::string_view name, Route route, const Origin& origin);
  std::optional<Route> Find(std::string_view name) const;
  // Like Find(), with a complaint that holds the nearest name.
  std::optional<Complaint> FindRoute(std::string_view name, Route* out) const;
  std::optional<Complaint> FindHop(std::string_view name, uint16_t* out) const;

 private:
  struct Entry {
    std::string name;
    Route route;
    Origin origin;
  };

  const Entry* FindEntry(std::string_view name) const;

  std::vector<Entry> entries_;
};

}  // namespace config

#endif  // GOCHAIN_CONFIG_ROUTE_NAMES_H_
