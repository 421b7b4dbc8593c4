// EnvReader: what [env] says.
#ifndef GOCHAIN_CONFIG_ENV_SECTION_H_
#define GOCHAIN_CONFIG_ENV_SECTION_H_

#include <optional>
#include <string_view>
#include <vector>

#include "config/env_change.h"
#include "config/ini_file.h"
#include "config/rules_context.h"
#include "config/schema.h"

namespace config {

class EnvReader {
 public:
  explicit EnvReader(RulesContext* context) : context_(context) {}

  void Read(Key key, const IniEntry& entry);
  // All that are unset, then all that are set. Complains about an `unset` without names.
  std::vector<EnvChange> Finish();

 private:
  struct Change {
    EnvChange change;
    Place place;
  };

  // False with a complaint: no name, or one that can't be changed here.
  bool TakesName(std::string_view name, Place place);
  void Add(EnvChange change, Place place);

  RulesContext* context_;
  std::vector<Change> changes_;
  std::optional<Place> unset_;  // where `unset` stands
  bool unset_has_names_ = false;
};

}  // namespace config

#endif  // GOCHAIN_CONFIG_ENV_SECTION_H_
