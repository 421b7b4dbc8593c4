// What went wrong at an https:// hop, in words that say what to do about it. Relay process only.
#ifndef GOCHAIN_RELAY_TLS_FAILURE_H_
#define GOCHAIN_RELAY_TLS_FAILURE_H_

#include <cstdint>
#include <span>
#include <string>

#include "base/failure.h"
#include "relay/openssl.h"
#include "relay/tls_context.h"

namespace relay {

base::Failure NoOpenSsl();

// A file of the config that OpenSSL, as its error queue says, has no use for.
base::Failure UnusableFile(const OpenSsl& openssl, const char* what, const std::string& file);

// The certificate isn't accepted: kTlsUntrusted or kTlsName. Inside OpenSSL's verify callback.
base::Failure FromVerification(const OpenSsl& openssl, X509_STORE_CTX* store,
                               const TlsOptions& options);

// What is known of a session that ended in an error.
struct BrokenSession {
  unsigned long error = 0;               // of OpenSSL's queue; 0: the stream below failed
  long below = 0;                        // -errno of the stream below, or 0
  std::span<const uint8_t> first_bytes;  // of what the other side sent
  bool in_handshake = false;
  bool certificate_wanted = false;  // and we have none
};
base::Failure FromSession(const OpenSsl& openssl, const BrokenSession& session,
                          const TlsOptions& options);

}  // namespace relay

#endif  // GOCHAIN_RELAY_TLS_FAILURE_H_
