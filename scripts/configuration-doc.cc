// Writes docs/configuration.md: the text of docs/configuration.in.md with the table of the rules
// file's keys (libhook/config/schema.cc) in the place of its line "@SCHEMA@".
// Usage: configuration-doc < docs/configuration.in.md > docs/configuration.md
#include <cstdio>
#include <string>

#include "config/schema.h"

namespace {

void Print(std::string_view text) { fwrite(text.data(), 1, text.size(), stdout); }

void PrintSection(const config::SectionRow& section) {
  Print("### `" + config::SectionHeader(section) + "`\n\n" + std::string(section.meaning) + "\n\n");
  Print("| key | value | default | meaning |\n|---|---|---|---|\n");
  for (const config::KeyRow& row : config::Keys()) {
    if (row.section == section.kind) {
      Print("| `" + std::string(row.word) + "` | " + std::string(row.type) +
            (row.is_list ? " (a list)" : "") + " | " + std::string(row.default_value) + " | " +
            std::string(row.meaning) + " |\n");
    }
  }
  Print("\n");
}

}  // namespace

int main() {
  std::string text;
  for (int c = getchar(); c != EOF; c = getchar()) {
    text += static_cast<char>(c);
  }
  const std::string mark = "@SCHEMA@\n";
  const size_t at = text.find(mark);
  if (at == std::string::npos) {
    fputs("configuration-doc: no line @SCHEMA@ on standard input\n", stderr);
    return 1;
  }
  Print(
      "<!-- Made from docs/configuration.in.md and libhook/config/schema.cc by `make docs`. -->\n");
  Print(text.substr(0, at) + "## Sections and keys\n\n");
  for (const config::SectionRow& section : config::Sections()) {
    PrintSection(section);
  }
  Print(text.substr(at + mark.size()));
  return fflush(stdout) == 0 ? 0 : 1;
}
