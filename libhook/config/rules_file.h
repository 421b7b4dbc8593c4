// RulesFile: what the sections and entries of a rules file mean.
//
// It runs in three rounds: first the names of all proxies and chains, so that one may be used
// before its section; then the entries, each by its row of the schema and the reader of its
// section; those of [rules] last, for @goprivate sees what [env] says.
#ifndef GOCHAIN_CONFIG_RULES_FILE_H_
#define GOCHAIN_CONFIG_RULES_FILE_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/chain_section.h"
#include "config/env_section.h"
#include "config/host_section.h"
#include "config/ini_file.h"
#include "config/rewrite_section.h"
#include "config/route_sections.h"
#include "config/rule_section.h"
#include "config/rules_context.h"
#include "config/schema.h"

namespace config {

// What doesn't go into the image.
struct RulesOutcome {
  std::vector<EnvChange> env;
  std::vector<std::string> go_private_paths;
  std::vector<std::string> password_variables;
};

class RulesFile {
 public:
  // `context` is borrowed.
  explicit RulesFile(RulesContext* context);

  // Adds what `ini` says to the image. REQUIRES: called once
  RulesOutcome Read(const IniFile& ini);

 private:
  // A section of the file, or all sections without a name that have the same word.
  struct Object {
    const SectionRow* row;
    uint16_t index = 0;  // for the section's reader
    Place place;
    std::string header;  // "[proxy office]"
    std::array<std::optional<Place>, kKeyCount> keys{};
  };

  // The entries of [rules], or all others.
  void ReadEntries(const IniFile& ini, bool rules);
  std::optional<size_t> Declare(const IniSection& section);
  std::optional<uint16_t> DeclareNamed(const SectionRow& row, std::string_view name,
                                       const IniSection& section);
  // These return false where the entry's continuations are to be left out too.
  bool ReadEntry(const IniEntry& entry, Object& object);
  bool ReadValue(const IniEntry& entry, const KeyRow& row, const Object& object);
  void ReadSetting(const IniEntry& entry, Key key);
  void FindMissingKeys();
  void CheckTimeouts();

  RulesContext* context_;
  ProxyReader proxies_;
  ChainReader chains_;
  RuleReader rules_;
  RewriteReader rewrites_;
  HostReader hosts_;
  EnvReader env_;
  std::vector<Object> objects_;
  std::vector<std::optional<size_t>> object_of_section_;  // none: the section is refused
};

}  // namespace config

#endif  // GOCHAIN_CONFIG_RULES_FILE_H_
