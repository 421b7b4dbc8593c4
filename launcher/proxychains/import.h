// Import: a proxychains.conf as a rules file.
//
// Launcher only, one thread. Pure: the caller reads the one and writes the other.
#ifndef GOCHAIN_LAUNCHER_PROXYCHAINS_IMPORT_H_
#define GOCHAIN_LAUNCHER_PROXYCHAINS_IMPORT_H_

#include <string>
#include <string_view>
#include <vector>

namespace proxychains {

struct Imported {
  std::string rules;                  // the rules file; empty where the conf has no proxy
  std::vector<std::string> warnings;  // "FILE:LINE: warning: …"
};

// `file` is the name of the conf in comments and warnings. What has no equivalent is a comment of
// the rules file that says why. Where proxychains' chain can't be had, the rules refuse what would
// have gone through it: nothing takes another way in silence.
Imported Import(std::string_view file, std::string_view text);

}  // namespace proxychains

#endif  // GOCHAIN_LAUNCHER_PROXYCHAINS_IMPORT_H_
