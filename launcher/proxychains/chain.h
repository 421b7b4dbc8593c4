// The chain of a proxychains.conf, as sections of a rules file.
//
// Launcher only.
#ifndef GOCHAIN_LAUNCHER_PROXYCHAINS_CHAIN_H_
#define GOCHAIN_LAUNCHER_PROXYCHAINS_CHAIN_H_

#include <string>

#include "proxychains/conf_file.h"
#include "proxychains/remarks.h"

namespace proxychains {

struct Chain {
  std::string sections;  // [proxy …] and [chain …]
  std::string route;     // the chain's name; `reject` where it can't be made
  bool has_password = false;
};

Chain TranslateChain(const ConfFile& conf, Remarks* remarks);

}  // namespace proxychains

#endif  // GOCHAIN_LAUNCHER_PROXYCHAINS_CHAIN_H_
