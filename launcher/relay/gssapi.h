// gssapi: who the user is, in the words of the system's GSSAPI, for a proxy that takes Kerberos
// tickets (RFC 4559).
//
// libgssapi_krb5 is loaded when the first token is asked for, and stays. It finds the user's
// tickets by its own means: KRB5CCNAME and KRB5_CONFIG of the environment, else the system's
// defaults. Of the relay process; any thread. That process has to end by _exit(2): exit(3) would
// run the library's destructors under a thread that still waits in it, which makes it abort.
#ifndef GOCHAIN_RELAY_GSSAPI_H_
#define GOCHAIN_RELAY_GSSAPI_H_

#include <string>

namespace relay {

// Either `bytes` or `trouble` is empty.
struct GssToken {
  std::string bytes;    // the first and only message, not yet base64
  std::string trouble;  // why there is none, for a person
};

// For the service HTTP@`host`. Delegates nothing, and doesn't ask the proxy who it is: the reply to
// a CONNECT has no place where proxies would say so.
// Blocks: where no ticket for `host` is at hand, libkrb5 asks a KDC and waits as long as it likes.
GssToken MakeGssToken(const std::string& host);

}  // namespace relay

#endif  // GOCHAIN_RELAY_GSSAPI_H_
