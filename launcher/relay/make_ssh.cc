#include <cerrno>

#include "relay/hop_services.h"

namespace relay {

std::unique_ptr<Stream> MakeSsh(const HopAtWork& hop, const base::Endpoint& /*next*/,
                                HopFailure* failed) {
  failed->hop = hop.hop;
  failed->failure = {.cause = base::Cause::kRelay, .code = EACCES};
  failed->failure.set_detail("it speaks no SSH");
  return nullptr;
}

}  // namespace relay
