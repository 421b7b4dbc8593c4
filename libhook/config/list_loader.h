// LoadList: the compiled image of a list file, from the cache or made anew.
//
// In the launcher, or in a process without one at its first connect; allocates.
#ifndef GOCHAIN_CONFIG_LIST_LOADER_H_
#define GOCHAIN_CONFIG_LIST_LOADER_H_

#include <string>
#include <vector>

#include "base/result.h"
#include "config/diagnostics.h"
#include "config/list_cache.h"

namespace config {

// `path` is the list file's; `name` is what diagnostics call it. An Error is about the file as a
// whole. Where a line is wrong, `diagnostics` say so and the image has no fd.
base::Result<ListImage> LoadList(const std::string& path, const std::string& name,
                                 const ListCache& cache, std::vector<Diagnostic>* diagnostics);

}  // namespace config

#endif  // GOCHAIN_CONFIG_LIST_LOADER_H_
