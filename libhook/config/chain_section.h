// ChainReader: what [chain NAME] says.
#ifndef GOCHAIN_CONFIG_CHAIN_SECTION_H_
#define GOCHAIN_CONFIG_CHAIN_SECTION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/ini_file.h"
#include "config/rules_context.h"
#include "config/schema.h"

namespace config {

class ChainReader {
 public:
  explicit ChainReader(RulesContext* context) : context_(context) {}

  // The chain's index in the image. `header` is its section's, in brackets.
  uint16_t Declare(std::string_view name, std::string header, Place place, const Source& source);
  void Read(Key key, const IniEntry& entry, uint16_t index);
  // Complains about what the keys of a chain make together.
  void Finish();

 private:
  struct Section {
    uint16_t index;
    std::string header;
    Place place;
    bool has_hops = false;  // good ones or bad
    bool has_bad_mode = false;
    std::optional<Place> length;  // where it is said
  };

  Section& Find(uint16_t index) { return sections_[index - sections_.front().index]; }
  Chain& ChainOf(const Section& section) { return context_->image().chains()[section.index]; }
  void ReadHops(const IniEntry& entry, Section* section);
  void ReadMode(const IniEntry& entry, Section* section);
  void ReadLength(const IniEntry& entry, Section* section);
  void CheckLength(const Section& section);

  RulesContext* context_;
  std::vector<Section> sections_;
};

}  // namespace config

#endif  // GOCHAIN_CONFIG_CHAIN_SECTION_H_
