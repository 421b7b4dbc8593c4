// The one table of the rules file's sections and keys.
//
// The parser, the hints of its diagnostics and docs/configuration.md come from it. A new key is a
// row here, its reading in rules_file.cc, an example, a test and a line of the docs.
#ifndef GOCHAIN_CONFIG_SCHEMA_H_
#define GOCHAIN_CONFIG_SCHEMA_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace config {

enum class SectionKind : uint8_t { kGlobal, kProxy, kChain, kRules };

struct SectionRow {
  SectionKind kind;
  std::string_view word;  // "proxy" of [proxy NAME]
  bool has_name;
  std::string_view meaning;
};

enum class Key : uint8_t { kDefault, kConnectTimeout, kDns, kUrl, kHops, kMode, kRoute };

struct KeyRow {
  SectionKind section;
  Key key;
  std::string_view word;  // kRoute: what stands for the name of any route
  bool is_list;           // goes on in indented lines
  std::string_view type;  // as the reference says it
  std::string_view default_value;
  std::string_view meaning;
};

std::span<const SectionRow> Sections();
std::span<const KeyRow> Keys();

const SectionRow* FindSection(std::string_view word);
// [rules] has one row for all its keys: they are names of routes.
const KeyRow* FindKey(SectionKind section, std::string_view word);

std::vector<std::string_view> SectionWords();
std::vector<std::string_view> KeyWords(SectionKind section);

// "[proxy NAME]"
std::string SectionHeader(const SectionRow& row);

}  // namespace config

#endif  // GOCHAIN_CONFIG_SCHEMA_H_
