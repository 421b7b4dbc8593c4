// RulesContext: what the readers of a rules file's sections share.
#ifndef GOCHAIN_CONFIG_RULES_CONTEXT_H_
#define GOCHAIN_CONFIG_RULES_CONTEXT_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/diagnostics.h"
#include "config/image_writer.h"
#include "config/ini_file.h"
#include "config/route_names.h"

namespace config {

class RulesContext {
 public:
  // All are borrowed.
  RulesContext(ImageWriter* image, RouteNames* names, DiagnosticList* diagnostics)
      : image_(image), names_(names), diagnostics_(diagnostics) {}

  ImageWriter& image() { return *image_; }
  RouteNames& names() { return *names_; }
  DiagnosticList& diagnostics() { return *diagnostics_; }

  void Complain(Place place, std::string message, std::string hint = {}) {
    diagnostics_->Add(place, {std::move(message), std::move(hint)});
  }
  void Complain(Place place, Complaint complaint) {
    diagnostics_->Add(place, std::move(complaint));
  }

  // With the text of the line, or with another one where that may not be shown.
  Source SourceOf(const IniEntry& entry);
  Source SourceOf(Place place, std::string_view line_text);

 private:
  Text FileText(uint16_t file);

  ImageWriter* image_;
  RouteNames* names_;
  DiagnosticList* diagnostics_;
  std::vector<std::optional<Text>> files_;  // by number, in the image
  Place place_;                             // of `source_`
  Source source_;
};

}  // namespace config

#endif  // GOCHAIN_CONFIG_RULES_CONTEXT_H_
