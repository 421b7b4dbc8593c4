// Negotiation: one GSSAPI token in the making, for one connect to a proxy with auth = negotiate.
//
// GSSAPI may wait for a KDC, longer than any connect_timeout, and can't be told to stop: so it is
// an errand. Of the relay process, one owner.
#ifndef GOCHAIN_RELAY_NEGOTIATION_H_
#define GOCHAIN_RELAY_NEGOTIATION_H_

#include <memory>
#include <string>
#include <string_view>

#include "base/failure.h"
#include "errand/errand.h"
#include "relay/gssapi.h"
#include "relay/hop_services.h"

namespace relay {

class Negotiation {
 public:
  // Begins at once. `host` is the proxy's, as its URL has it. `make` runs on the thread.
  explicit Negotiation(std::string_view host,
                       GssToken (*make)(const std::string& host) = MakeGssToken);

  int fd() const { return errand_.fd(); }  // as Errand's
  bool done() const { return errand_.done(); }

  // REQUIRES: done(). What follows "Negotiate " in Proxy-Authorization, good for one connect; empty
  // where there is a failure.
  std::string_view token() const;
  base::Failure failure() const;

 private:
  struct Work;

  const std::shared_ptr<Work> work_;  // the thread's too
  const errand::Errand errand_;
};

// Waits as the hop's patience and time allow. False: `failed` says why.
bool WaitForToken(const Negotiation& negotiation, const HopAtWork& hop, std::string* base64,
                  HopFailure* failed);

}  // namespace relay

#endif  // GOCHAIN_RELAY_NEGOTIATION_H_
