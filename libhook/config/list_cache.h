// ListCache: compiled lists in a folder of the user's, one file for each list file.
//
// In the launcher, or in a process without one at its first connect. Nothing here is ever an error:
// what can't be found or kept is made again. A file is taken only if it and its folder are the
// user's own and nobody else may write them, and if it says that it was made of the very state of
// the very file that is asked for. Several processes may write the same file at once: each writes
// one of its own and renames it, and uses what it has written.
#ifndef GOCHAIN_CONFIG_LIST_CACHE_H_
#define GOCHAIN_CONFIG_LIST_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/fd.h"
#include "config/list_format.h"

namespace config {

// The compiled image of a list, to be mapped.
struct ListImage {
  base::Fd fd;
  size_t size = 0;
};

class ListCache {
 public:
  // `folder` is made if need be, with the one above it; empty or not absolute: there is no cache.
  explicit ListCache(const std::string& folder);

  // `path` is the list file's, absolute. No fd: there is none for it.
  ListImage Find(const std::string& path, const ListKey& key) const;
  // Replaces what there is for `path`, and removes what is of no use any more: images of list files
  // that are gone, and what processes left that were killed while they wrote. No fd: it can't be
  // kept.
  ListImage Store(const std::string& path, std::span<const uint8_t> image) const;

 private:
  void Sweep() const;

  base::Fd folder_;
};

// An image that lies in no folder, sealed, so that nobody changes it under its readers.
ListImage AnonymousListImage(std::span<const uint8_t> image);

}  // namespace config

#endif  // GOCHAIN_CONFIG_LIST_CACHE_H_
