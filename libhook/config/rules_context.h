// RulesContext: what the readers of a rules file's sections share.
#ifndef GOCHAIN_CONFIG_RULES_CONTEXT_H_
#define GOCHAIN_CONFIG_RULES_CONTEXT_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/diagnostics.h"
#include "config/expand.h"
#include "config/image_writer.h"
#include "config/include_reader.h"
#include "config/ini_file.h"
#include "config/list_set.h"
#include "config/route_names.h"

namespace config {

class RulesContext {
 public:
  // All are borrowed.
  RulesContext(ImageWriter* image, RouteNames* names, ListSet* lists, DiagnosticList* diagnostics,
               const std::vector<RulesSource>* files, GetenvFn getenv_fn)
      : image_(image),
        names_(names),
        lists_(lists),
        diagnostics_(diagnostics),
        files_(files),
        getenv_fn_(getenv_fn) {}

  ImageWriter& image() { return *image_; }
  RouteNames& names() { return *names_; }
  ListSet& lists() { return *lists_; }
  DiagnosticList& diagnostics() { return *diagnostics_; }

  void Complain(Place place, std::string message, std::string hint = {}) {
    diagnostics_->Add(place, {std::move(message), std::move(hint)});
  }
  void Complain(Place place, Complaint complaint) {
    diagnostics_->Add(place, std::move(complaint));
  }

  GetenvFn environment() const { return getenv_fn_; }
  // The path that stands on the line at `place`, with what `~` and `${VAR}` stand for; false with a
  // complaint.
  bool ExpandPath(Place place, std::string_view text, std::string* out);
  // A path for the image, which is read by processes in other folders.
  Text AddFullPath(const std::string& path);
  // `${VAR}` in another value.
  bool Expand(Place place, std::string_view text, std::string* out);

  void Warn(Place place, std::string message) { diagnostics_->Warn(place, std::move(message)); }
  void Note(Place place, std::string message) { diagnostics_->Note(place, std::move(message)); }
  const RulesSource& FileOf(Place place) const { return (*files_)[place.file]; }

  // With the text of the line, or with another one where that may not be shown.
  Source SourceOf(const IniEntry& entry);
  Source SourceOf(Place place, std::string_view line_text);

 private:
  Text FileText(uint16_t file);

  ImageWriter* image_;
  RouteNames* names_;
  ListSet* lists_;
  DiagnosticList* diagnostics_;
  const std::vector<RulesSource>* files_;
  GetenvFn getenv_fn_;
  std::vector<std::optional<Text>> file_texts_;  // by number, in the image
  Place place_;                                  // of `source_`
  Source source_;
};

}  // namespace config

#endif  // GOCHAIN_CONFIG_RULES_CONTEXT_H_
