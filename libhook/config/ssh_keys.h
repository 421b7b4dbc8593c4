// SshKeys: `ssh_config` of one [proxy NAME], and what else an ssh:// proxy may have there.
//
// What the file says is ssh's to read; here is found out early that it is there.
#ifndef GOCHAIN_CONFIG_SSH_KEYS_H_
#define GOCHAIN_CONFIG_SSH_KEYS_H_

#include <optional>
#include <string>

#include "config/ini_file.h"
#include "config/proxy_url.h"
#include "config/rules_context.h"

namespace config {

class SshKeys {
 public:
  void ReadConfig(const IniEntry& entry) { config_ = Value{entry.place, entry.value}; }
  // Writes it to the proxy number `index`, whose URL is `url`, or complains.
  void Finish(RulesContext* context, const ProxyUrl& url, uint16_t index) const;

 private:
  struct Value {
    Place place;
    std::string text;
  };
  std::optional<Value> config_;
};

}  // namespace config

#endif  // GOCHAIN_CONFIG_SSH_KEYS_H_
