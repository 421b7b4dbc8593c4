// RulesFile: what the sections and entries of a rules file mean.
//
// It runs in two rounds: first the names of all proxies and chains, so that one may be used before
// its section; then the entries, each by its row of the schema.
#ifndef GOCHAIN_CONFIG_RULES_FILE_H_
#define GOCHAIN_CONFIG_RULES_FILE_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/diagnostics.h"
#include "config/image_writer.h"
#include "config/ini_file.h"
#include "config/route_names.h"
#include "config/schema.h"

namespace config {

class RulesFile {
 public:
  // `name` is the file's, as the user gave it. All pointers are borrowed.
  RulesFile(std::string_view name, ImageWriter* image, RouteNames* names,
            DiagnosticList* diagnostics);

  // Adds what `text` says to the image. REQUIRES: called once
  void Read(std::string_view text);

 private:
  // A section of the file, or all [gochain] and [rules] sections together.
  struct Object {
    SectionKind kind;
    uint16_t index = 0;  // of the proxy or chain
    uint32_t line = 0;
    std::string header;     // "[proxy office]"
    bool has_hops = false;  // of a chain, good ones or bad
    std::array<uint32_t, 8> key_lines{};
  };

  void DeclareSections(const std::vector<IniSection>& sections);
  std::optional<size_t> Declare(const IniSection& section);
  void ReadEntry(const IniEntry& entry, Object& object);
  void ReadValue(const IniEntry& entry, const KeyRow& row, Object& object);
  void ReadDefault(const IniEntry& entry);
  void ReadConnectTimeout(const IniEntry& entry);
  void ReadDns(const IniEntry& entry);
  void ReadUrl(const IniEntry& entry, const Object& object);
  void ReadHops(const IniEntry& entry, Object& object);
  void ReadMode(const IniEntry& entry);
  void ReadPatterns(const IniEntry& entry);
  void FinishRule();
  void FinishObjects();
  Source SourceOf(const IniEntry& entry);
  void Complain(uint32_t line, std::string message, std::string hint = {});

  ImageWriter* image_;
  RouteNames* names_;
  DiagnosticList* diagnostics_;
  Text file_;
  std::vector<Object> objects_;
  std::vector<std::optional<size_t>> object_of_section_;  // none: the section is refused
  bool entry_refused_ = false;                            // and so are its continuations
  Source source_;                                         // of the line at hand
  // The rule at hand.
  std::optional<Route> route_;
  uint32_t rule_line_ = 0;
  bool rule_has_pattern_ = false;
};

}  // namespace config

#endif  // GOCHAIN_CONFIG_RULES_FILE_H_
