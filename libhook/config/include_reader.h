// IncludeReader: the lines of a rules file and of all that it includes, in the order in which they
// count.
#ifndef GOCHAIN_CONFIG_INCLUDE_READER_H_
#define GOCHAIN_CONFIG_INCLUDE_READER_H_

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/diagnostics.h"
#include "config/expand.h"
#include "config/ini_file.h"

namespace config {

// One of the files, by its number in the diagnostics.
struct RulesSource {
  std::string folder;  // to which its paths are relative: empty, or with a '/' at its end
  mode_t mode = 0;
};

struct RulesLines {
  IniFile ini;  // without its `include`s
  std::vector<RulesSource> files;
};

class IncludeReader {
 public:
  // `diagnostics` is borrowed; its file 0 is the path of the rules file.
  IncludeReader(DiagnosticList* diagnostics, GetenvFn getenv_fn)
      : diagnostics_(diagnostics), getenv_fn_(getenv_fn) {}

  // REQUIRES: called once
  RulesLines Read();

 private:
  struct Identity {
    dev_t device;
    ino_t inode;
    friend bool operator==(const Identity&, const Identity&) = default;
  };
  struct Contents {
    std::string text;
    struct stat status;
  };

  void Append(uint16_t file, const Contents& contents);
  void Include(const IniEntry& entry);

  DiagnosticList* diagnostics_;
  GetenvFn getenv_fn_;
  RulesLines out_;
  std::vector<Identity> open_;  // from the rules file to the one at hand
};

}  // namespace config

#endif  // GOCHAIN_CONFIG_INCLUDE_READER_H_
