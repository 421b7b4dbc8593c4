#include "config/rules_context.h"

namespace config {

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
  if (files_.size() <= file) {
    files_.resize(file + 1u);
  }
  if (!files_[file]) {
    files_[file] = image_->AddText(diagnostics_->FileName(file));
  }
  return *files_[file];
}

}  // namespace config
