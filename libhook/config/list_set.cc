#include "config/list_set.h"

#include <cstring>

#include "config/image.h"
#include "config/list_loader.h"

namespace config {

std::optional<Complaint> ListSet::Add(const std::string& written, const std::string& path,
                                      const Source& source, uint16_t* index) {
  for (size_t i = 0; i < paths_.size(); ++i) {
    if (paths_[i] == path) {
      *index = static_cast<uint16_t>(i);
      return std::nullopt;
    }
  }
  if (paths_.size() == kMaxLists) {
    return Complaint{"more than " + std::to_string(kMaxLists) + " lists", {}};
  }
  auto loaded = LoadList(path, path, cache_, &diagnostics_);
  if (!loaded.ok()) {
    return Complaint{"can't read " + Quote(path) + ": " + strerror(loaded.error().code), {}};
  }
  List list;
  list.path = image_->AddText(written);
  list.full_path = image_->AddText(path);
  list.source = source;
  *index = image_->AddList(list);
  paths_.push_back(path);
  images_.push_back(std::move(loaded.value()));
  return std::nullopt;
}

}  // namespace config
