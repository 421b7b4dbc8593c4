#include <poll.h>

#include <array>

#include "relay/hop_services.h"
#include "relay/negotiation.h"

namespace relay {

bool WaitForToken(const Negotiation& negotiation, const HopAtWork& hop, std::string* base64,
                  HopFailure* failed) {
  failed->hop = hop.hop;
  failed->failure = {};
  while (!negotiation.done()) {
    switch (hop.patience.Wait(negotiation.fd(), POLLIN, hop.deadline_ms)) {
      case Patience::Waited::kReady:
        break;
      case Patience::Waited::kTimedOut:
        failed->failure.cause = base::Cause::kTimedOut;
        failed->failure.set_detail("Kerberos: no answer from a KDC");
        return false;
      case Patience::Waited::kGone:
        return false;
    }
  }
  failed->failure = negotiation.failure();
  *base64 = negotiation.token();
  return !failed->failure;
}

bool MakeNegotiateToken(const HopAtWork& hop, std::string* base64, HopFailure* failed) {
  const Negotiation negotiation(hop.config.text(hop.proxy().host));
  return WaitForToken(negotiation, hop, base64, failed);
}

}  // namespace relay
