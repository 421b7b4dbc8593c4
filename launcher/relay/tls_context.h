// TlsContext, TlsContexts: whom to trust and what to show at one https:// hop.
//
// A context is made once for each proxy (reading the system's certificates takes some 10 ms) and
// shared by all its connections. Relay process only, any thread.
#ifndef GOCHAIN_RELAY_TLS_CONTEXT_H_
#define GOCHAIN_RELAY_TLS_CONTEXT_H_

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/failure.h"
#include "config/config.h"
#include "relay/openssl.h"

namespace relay {

struct TlsOptions {
  std::string host;              // name or address, no brackets: what the certificate has to be for
  std::string ca_file = {};      // PEM; empty: whom the system trusts
  std::string client_cert = {};  // PEM, with the certificates that stand between; empty: none
  std::string client_key = {};   // PEM; empty: it is in client_cert
  bool insecure = false;         // any certificate will do

  static TlsOptions Of(const config::Config& config, const config::Proxy& proxy);
};

class TlsContext {
 public:
  // nullptr with the failure where a file can't be used, or where OpenSSL isn't installed.
  static std::shared_ptr<const TlsContext> Make(const TlsOptions& options, base::Failure* failure);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  const OpenSsl& openssl() const { return *openssl_; }
  const TlsOptions& options() const { return options_; }
  // nullptr: no memory. The caller frees it.
  SSL* NewSession() const { return openssl_->SSL_new(context_); }

 private:
  TlsContext(const OpenSsl& openssl, TlsOptions options)
      : openssl_(&openssl), options_(std::move(options)) {}

  bool SetUp(base::Failure* failure);
  bool SetTrust(base::Failure* failure);
  bool SetCertificate(base::Failure* failure);
  bool Complain(const char* what, const std::string& file, base::Failure* failure) const;

  const OpenSsl* openssl_;
  const TlsOptions options_;
  SSL_CTX* context_ = nullptr;
};

class TlsContexts {
 public:
  // The context of `proxies()[proxy]`. It is made anew where one of its files has changed: client
  // certificates may live for hours only.
  std::shared_ptr<const TlsContext> Get(const config::Config& config, uint16_t proxy,
                                        base::Failure* failure);

 private:
  struct Entry {
    std::shared_ptr<const TlsContext> context;
    std::string stamp;
  };

  std::mutex mutex_;
  std::map<uint16_t, Entry> entries_;
};

}  // namespace relay

#endif  // GOCHAIN_RELAY_TLS_CONTEXT_H_
