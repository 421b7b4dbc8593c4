// Negotiation: one GSSAPI token in the making, for one connect to a proxy with auth = negotiate.
//
// GSSAPI may wait for a KDC, longer than any connect_timeout, and can't be told to stop. So a
// thread of its own asks it, and the owner waits for fd() beside all else it waits for. An owner
// that gives up just goes: what the thread brings then is dropped. Of the relay process, one owner.
#ifndef GOCHAIN_RELAY_NEGOTIATION_H_
#define GOCHAIN_RELAY_NEGOTIATION_H_

#include <memory>
#include <string>
#include <string_view>

#include "base/failure.h"
#include "relay/gssapi.h"
#include "relay/hop_services.h"

namespace relay {

class Negotiation {
 public:
  // Begins at once. `host` is the proxy's, as its URL has it. `make` runs on the thread.
  explicit Negotiation(std::string_view host,
                       GssToken (*make)(const std::string& host) = MakeGssToken);
  ~Negotiation();
  Negotiation(const Negotiation&) = delete;
  Negotiation& operator=(const Negotiation&) = delete;

  int fd() const;     // becomes readable when it is done, and stays so; not to be read
  bool done() const;  // doesn't wait

  // REQUIRES: done(). What follows "Negotiate " in Proxy-Authorization, good for one connect; empty
  // where there is a failure.
  std::string_view token() const;
  const base::Failure& failure() const;

 private:
  struct Work;
  static void* Run(void* work);

  std::shared_ptr<Work> work_;  // the thread's too
};

// Waits as the hop's patience and time allow. False: `failed` says why.
bool WaitForToken(const Negotiation& negotiation, const HopAtWork& hop, std::string* base64,
                  HopFailure* failed);

}  // namespace relay

#endif  // GOCHAIN_RELAY_NEGOTIATION_H_
