// TlsKeys: `ca_file`, `client_cert`, `client_key` and `insecure` of one [proxy NAME].
//
// Whether a certificate is worth anything is OpenSSL's to say, when the proxy is used; here is
// found out early what nobody would look for then: files that aren't there, or are something else.
#ifndef GOCHAIN_CONFIG_TLS_KEYS_H_
#define GOCHAIN_CONFIG_TLS_KEYS_H_

#include <optional>
#include <string>
#include <string_view>

#include "config/ini_file.h"
#include "config/proxy_url.h"
#include "config/rules_context.h"
#include "config/schema.h"

namespace config {

class TlsKeys {
 public:
  // Is `key` one of the four?
  static bool Has(Key key);

  void Read(Key key, const IniEntry& entry);
  // Writes them to the proxy number `index`, whose URL is `url`, or complains.
  void Finish(RulesContext* context, const ProxyUrl& url, uint16_t index) const;

 private:
  struct Value {
    Place place;
    std::string text;
  };

  static void ReadInsecure(RulesContext* context, const Value& value, const ProxyUrl& url,
                           uint16_t index);
  static void ReadAuthorities(RulesContext* context, const Value& value, uint16_t index);
  void ReadCertificate(RulesContext* context, uint16_t index) const;

  std::optional<Value> insecure_;
  std::optional<Value> ca_file_;
  std::optional<Value> client_cert_;
  std::optional<Value> client_key_;
};

}  // namespace config

#endif  // GOCHAIN_CONFIG_TLS_KEYS_H_
