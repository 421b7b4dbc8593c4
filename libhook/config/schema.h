// The one table of the rules file's sections and keys.
//
// The parser, the hints of its diagnostics and docs/configuration.md come from it. A new key is a
// row here, its reading in the section's reader, an example, a test and a line of the docs.
#ifndef GOCHAIN_CONFIG_SCHEMA_H_
#define GOCHAIN_CONFIG_SCHEMA_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace config {

enum class SectionKind : uint8_t {
  kGlobal,
  kProxy,
  kChain,
  kRules,
  kRewrite,
  kHosts,
  kEnv,
};

struct SectionRow {
  SectionKind kind;
  std::string_view word;  // "proxy" of [proxy NAME]
  bool has_name;
  std::string_view meaning;
};

enum class Key : uint8_t {
  kDefault,
  kConnectTimeout,
  kChainTimeout,
  kRetryAfter,
  kConnect,
  kUdp,
  kSetuid,
  kDns,
  kInclude,
  kUrl,
  kPasswordFile,
  kPasswordEnv,
  kAuth,
  kWorkstation,
  kPool,
  kCaFile,
  kClientCert,
  kClientKey,
  kInsecure,
  kSshConfig,
  kPipeline,
  kHops,
  kMode,
  kLength,
  kRoute,
  kFrom,
  kTo,
  kHost,
  kUnset,
  kVariable,
};
inline constexpr size_t kKeyCount = static_cast<size_t>(Key::kVariable) + 1;

enum class KeyForm : uint8_t {
  kWord,  // the key is written so, once in a section
  kName,  // `word` stands for names that the user chooses
};

// The default of a key that every section of its kind needs.
inline constexpr std::string_view kMustBeGiven = "none: must be given";

struct KeyRow {
  SectionKind section;
  Key key;
  KeyForm form;
  std::string_view word;
  bool is_list;           // goes on in indented lines
  std::string_view type;  // as the reference says it
  std::string_view default_value;
  std::string_view meaning;
};

std::span<const SectionRow> Sections();
std::span<const KeyRow> Keys();

const SectionRow* FindSection(std::string_view word);
// Any word finds the section's row of names, where it has one and no other is it.
const KeyRow* FindKey(SectionKind section, std::string_view word);

std::vector<std::string_view> SectionWords();
std::vector<std::string_view> KeyWords(SectionKind section);

// "[proxy NAME]"
std::string SectionHeader(const SectionRow& row);

}  // namespace config

#endif  // GOCHAIN_CONFIG_SCHEMA_H_
