// AuthKeys: `auth` and `workstation` of one [proxy NAME].
#ifndef GOCHAIN_CONFIG_AUTH_KEYS_H_
#define GOCHAIN_CONFIG_AUTH_KEYS_H_

#include <optional>
#include <string>

#include "config/ini_file.h"
#include "config/proxy_url.h"
#include "config/rules_context.h"
#include "config/schema.h"

namespace config {

class AuthKeys {
 public:
  static bool Has(Key key) { return key == Key::kAuth || key == Key::kWorkstation; }
  // REQUIRES: Has(key)
  void Read(RulesContext* context, Key key, const IniEntry& entry);
  // Writes them to the proxy number `index`, whose URL is `url`, or complains; false then.
  // `has_password_key`: there is one beside the URL.
  bool Finish(RulesContext* context, const ProxyUrl& url, bool has_password_key,
              uint16_t index) const;

 private:
  struct Value {
    Place place;
    std::string text;
  };

  bool MayHaveAuth(RulesContext* context, const ProxyUrl& url, bool has_password_key) const;
  bool MayHaveWorkstation(RulesContext* context, const ProxyUrl& url) const;

  Auth auth_ = Auth::kAny;
  std::optional<Place> auth_place_;
  std::optional<Value> workstation_;
};

}  // namespace config

#endif  // GOCHAIN_CONFIG_AUTH_KEYS_H_
