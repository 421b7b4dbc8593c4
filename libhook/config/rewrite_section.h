// RewriteReader: what the sections [rewrite NAME] say.
#ifndef GOCHAIN_CONFIG_REWRITE_SECTION_H_
#define GOCHAIN_CONFIG_REWRITE_SECTION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/ini_file.h"
#include "config/rewrite_circle.h"
#include "config/rules_context.h"
#include "config/schema.h"

namespace config {

class RewriteReader {
 public:
  explicit RewriteReader(RulesContext* context) : context_(context) {}

  // The section's index among the rewrites; none where the name is no good.
  std::optional<uint16_t> Declare(std::string_view name, Place place, const Source& source);
  void Read(Key key, const IniEntry& entry, uint16_t index);
  // Adds the rewrites to the image, and complains where they lead in a circle.
  void Finish();

 private:
  struct Section {
    std::string name;
    Place place;
    Source source;
    std::string written;  // of `from`
    bool has_from = false;
    bool has_to = false;
    RewriteStep step;
  };

  void ReadFrom(const IniEntry& entry, Section* section);
  void ReadTo(const IniEntry& entry, Section* section);
  void ComplainAboutCircles();

  RulesContext* context_;
  std::vector<Section> sections_;
};

}  // namespace config

#endif  // GOCHAIN_CONFIG_REWRITE_SECTION_H_
