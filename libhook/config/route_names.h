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

class RouteNames {
 public:
  RouteNames();

  // Complains where the name is malformed or taken. `line` is the name's own; 0: `-p` and the
  // environment, which `origin` tells apart.
  std::optional<Complaint> Add(std::string_view name, Route route, uint32_t line,
                               std::string_view origin);
  std::optional<Route> Find(std::string_view name) const;
  // Like Find(), with a complaint that holds the nearest name.
  std::optional<Complaint> FindRoute(std::string_view name, Route* out) const;
  std::optional<Complaint> FindHop(std::string_view name, uint16_t* out) const;

 private:
  struct Entry {
    std::string name;
    Route route;
    uint32_t line;
    std::string origin;
  };

  const Entry* FindEntry(std::string_view name) const;

  std::vector<Entry> entries_;
};

}  // namespace config

#endif  // GOCHAIN_CONFIG_ROUTE_NAMES_H_
