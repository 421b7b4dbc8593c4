#include <cerrno>

#include "relay/hop_services.h"

namespace relay {

bool MakeNegotiateToken(const HopAtWork& hop, std::string* /*base64*/, HopFailure* failed) {
  failed->hop = hop.hop;
  failed->failure = {.cause = base::Cause::kRelay, .code = EACCES};
  failed->failure.set_detail("it speaks no Kerberos");
  return false;
}

}  // namespace relay
