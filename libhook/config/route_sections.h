// ProxyReader: what [proxy NAME] says.
#ifndef GOCHAIN_CONFIG_ROUTE_SECTIONS_H_
#define GOCHAIN_CONFIG_ROUTE_SECTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/auth_keys.h"
#include "config/ini_file.h"
#include "config/proxy_url.h"
#include "config/rules_context.h"
#include "config/schema.h"
#include "config/ssh_keys.h"
#include "config/tls_keys.h"

namespace config {

class ProxyReader {
 public:
  explicit ProxyReader(RulesContext* context) : context_(context) {}

  // The proxy's index in the image.
  uint16_t Declare(std::string_view name, const Source& source);
  void Read(Key key, const IniEntry& entry, uint16_t index);
  // Puts the passwords of files and variables in; returns the variables' names.
  std::vector<std::string> Finish();

 private:
  // A key that names a password.
  struct PasswordKey {
    Place place;
    std::string value;
  };
  struct Section {
    uint16_t index = 0;
    std::optional<ProxyUrl> url;  // a good one
    std::optional<PasswordKey> file;
    std::optional<PasswordKey> variable;
    AuthKeys auth;
    TlsKeys tls;
    SshKeys ssh;
    std::optional<Place> pipeline_place;
  };

  Section& Find(uint16_t index) { return sections_[index - sections_.front().index]; }
  void ReadUrl(const IniEntry& entry, Section* section);
  bool MayHavePassword(const Section& section, const PasswordKey& key, std::string_view word);
  bool ReadPassword(const Section& section, std::string* password, std::string* place);

  RulesContext* context_;
  std::vector<Section> sections_;
};

}  // namespace config

#endif  // GOCHAIN_CONFIG_ROUTE_SECTIONS_H_
