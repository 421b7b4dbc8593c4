#include "config/env_section.h"

#include "config/values.h"

namespace config {

std::optional<std::string> CommandVariable(std::span<const EnvChange> changes,
                                           std::string_view name, GetenvFn getenv_fn) {
  for (const EnvChange& change : changes) {
    if (change.name == name) {
      return change.unset ? std::nullopt : std::optional(change.value);
    }
  }
  const char* const value = getenv_fn(std::string(name).c_str());
  return value != nullptr ? std::optional<std::string>(value) : std::nullopt;
}

void EnvReader::Read(Key key, const IniEntry& entry) {
  if (key == Key::kUnset) {
    unset_ = entry.continues ? unset_ : entry.place;
    std::string_view rest = entry.value;
    for (std::string_view word = NextWord(&rest); !word.empty(); word = NextWord(&rest)) {
      unset_has_names_ = true;
      if (TakesName(word, entry.place)) {
        Add({std::string(word), {}, true}, entry.place);
      }
    }
    return;
  }
  std::string value;
  if (TakesName(entry.key, entry.place) && context_->Expand(entry.place, entry.value, &value)) {
    Add({entry.key, std::move(value), false}, entry.place);
  }
}

bool EnvReader::TakesName(std::string_view name, Place place) {
  if (!IsVariableName(name)) {
    context_->Complain(place, BadVariableName(name));
    return false;
  }
  if (name == "LD_PRELOAD" || name.starts_with("GOCHAIN_")) {
    context_->Complain(place, Quote(name) + " is gochain's own");
    return false;
  }
  return true;
}

void EnvReader::Add(EnvChange change, Place place) {
  for (const Change& earlier : changes_) {
    if (earlier.change.name != change.name) {
      continue;
    }
    const bool both = earlier.change.unset != change.unset;
    context_->Complain(place,
                       Quote(change.name) +
                           (both ? " is set and unset; first on " : " is given twice; first on ") +
                           context_->diagnostics().Reference(earlier.place, place));
    return;
  }
  changes_.push_back({std::move(change), place});
}

std::vector<EnvChange> EnvReader::Finish() {
  if (unset_ && !unset_has_names_) {
    context_->Complain(*unset_, "'unset' has no value");
  }
  std::vector<EnvChange> out;
  for (const bool unset : {true, false}) {
    for (const Change& change : changes_) {
      if (change.change.unset == unset) {
        out.push_back(change.change);
      }
    }
  }
  return out;
}

}  // namespace config
