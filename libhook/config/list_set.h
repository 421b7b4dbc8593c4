// ListSet: the lists that a rules file names, each read and compiled once.
#ifndef GOCHAIN_CONFIG_LIST_SET_H_
#define GOCHAIN_CONFIG_LIST_SET_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/diagnostics.h"
#include "config/image_writer.h"
#include "config/list_cache.h"

namespace config {

class ListSet {
 public:
  // `image` is borrowed, and gets a record of each list.
  ListSet(ImageWriter* image, ListCache cache) : image_(image), cache_(std::move(cache)) {}

  // `written` is what stands in the rules file, `path` what it leads to.
  std::optional<Complaint> Add(const std::string& written, const std::string& path,
                               const Source& source, uint16_t* index);

  // In the order of the image's lists; those with errors have no fd.
  std::vector<ListImage> TakeImages() { return std::move(images_); }
  // What is wrong inside the lists.
  std::vector<Diagnostic> TakeDiagnostics() { return std::move(diagnostics_); }

 private:
  ImageWriter* image_;
  ListCache cache_;
  std::vector<std::string> paths_;
  std::vector<ListImage> images_;
  std::vector<Diagnostic> diagnostics_;
};

}  // namespace config

#endif  // GOCHAIN_CONFIG_LIST_SET_H_
