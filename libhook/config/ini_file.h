// IniFile: the text of a rules file as sections and entries, each with its line.
//
// inih splits the lines; a reader of ours hands them to it one by one. inih alone takes lines of
// 199 bytes for two, gives its handler no line numbers, hides sections that are empty and names
// only the first bad line.
#ifndef GOCHAIN_CONFIG_INI_FILE_H_
#define GOCHAIN_CONFIG_INI_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostics.h"

namespace config {

struct IniSection {
  std::string text;  // what stands between the brackets, trimmed
  Place place;
};

// A physical line of a key's value. A key whose value goes on in indented lines has one of these
// for each of them.
struct IniEntry {
  size_t section = 0;  // index in IniFile::sections
  std::string key;
  std::string value;
  Place place;
  std::string line_text;   // trimmed
  bool continues = false;  // an indented line
};

struct IniFile {
  std::vector<IniSection> sections;
  std::vector<IniEntry> entries;
};

// The longest line that inih doesn't split: INI_MAX_LINE less the terminator and one byte in hand.
inline constexpr size_t kLongestLine = 198;

// `file` is the number of `text` in `diagnostics`, where lines go that aren't INI; what hangs on
// them is left out.
IniFile ParseIni(std::string_view text, uint16_t file, DiagnosticList* diagnostics);

}  // namespace config

#endif  // GOCHAIN_CONFIG_INI_FILE_H_
