#include <cerrno>

#include "relay/hop_services.h"

namespace relay {

std::unique_ptr<Stream> MakeTls(const HopAtWork& hop, std::unique_ptr<Stream> /*below*/,
                                HopFailure* failed) {
  failed->hop = hop.hop;
  failed->failure = {.cause = base::Cause::kRelay, .code = EACCES};
  failed->failure.set_detail("it speaks no TLS");
  return nullptr;
}

}  // namespace relay
