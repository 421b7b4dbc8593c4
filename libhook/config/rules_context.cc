#include "config/rules_context.h"

#include <unistd.h>

#include <climits>

namespace config {

bool RulesContext::ExpandPath(Place place, std::string_view text, std::string* out) {
  auto complaint = config::ExpandPath(text, (*files_)[place.file].folder, getenv_fn_, out);
  if (complaint) {
    Complain(place, std::move(*complaint));
  }
  return !complaint;
}

Text RulesContext::AddFullPath(const std::string& path) {
  char folder[PATH_MAX];
  if (path.starts_with('/') || getcwd(folder, sizeof folder) == nullptr) {
    return image_->AddText(path);
  }
  return image_->AddText(std::string(folder) + "/" + path);
}

bool RulesContext::Expand(Place place, std::string_view text, std::string* out) {
  auto complaint = ExpandVariables(text, getenv_fn_, out);
  if (complaint) {
    Complain(place, std::move(*complaint));
  }
  return !complaint;
}

Source RulesContext::SourceOf(const IniEntry& entry) {
  // Many patterns stand on one line, whose text the image needs once.
  if (place_ != entry.place) {
    source_ = SourceOf(entry.place, entry.line_text);
    place_ = entry.place;
  }
  return source_;
}

Source RulesContext::SourceOf(Place place, std::string_view line_text) {
  return {FileText(place.file), place.line, image_->AddText(line_text)};
}

Text RulesContext::FileText(uint16_t file) {
  if (file_texts_.size() <= file) {
    file_texts_.resize(file + 1u);
  }
  if (!file_texts_[file]) {
    file_texts_[file] = image_->AddText(diagnostics_->FileName(file));
  }
  return *file_texts_[file];
}

}  // namespace config
