// Maps the compiled lists of a run. The supervisor process holds their descriptors; others open
// them by /proc as they do the session's region, so that no process but the first reads a list.
// Async-signal-safe; mappings live until the process ends.
#ifndef GOCHAIN_ENGINE_LIST_MAPS_H_
#define GOCHAIN_ENGINE_LIST_MAPS_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"
#include "config/list_cache.h"
#include "config/list_view.h"

namespace engine {

// In the region: where a list's image is.
struct ListRecord {
  uint64_t fd = 0;  // its number in the process that holds it
  uint64_t size = 0;
};

base::Result<std::span<const config::ListView>> MapLists(std::span<const config::ListImage> lists);

// A descriptor of one list, or -errno. `state` is the path of the region, /proc/PID/fd/N.
int OpenList(std::string_view state, const ListRecord& list);

base::Result<std::span<const config::ListView>> OpenLists(std::string_view state,
                                                          std::span<const ListRecord> lists);

}  // namespace engine

#endif  // GOCHAIN_ENGINE_LIST_MAPS_H_
