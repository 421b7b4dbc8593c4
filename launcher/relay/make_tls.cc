#include "relay/hop_services.h"
#include "relay/tls_context.h"
#include "relay/tls_stream.h"

namespace relay {
namespace {

// False with the failure, whose cause is kNone where the program has given up.
bool FinishHandshake(const HopAtWork& hop, TlsStream* stream, base::Failure* failure) {
  for (;;) {
    switch (stream->Handshake()) {
      case TlsStream::Progress::kDone:
        return true;
      case TlsStream::Progress::kFailed:
        *failure = *stream->trouble();
        return false;
      case TlsStream::Progress::kWaits:
        break;
    }
    switch (hop.patience.Wait(*stream, POLLIN, hop.deadline_ms)) {
      case Patience::Waited::kReady:
        break;
      case Patience::Waited::kTimedOut:
        failure->cause = base::Cause::kTimedOut;
        failure->set_detail("in the TLS handshake");
        return false;
      case Patience::Waited::kGone:
        failure->cause = base::Cause::kNone;
        return false;
    }
  }
}

}  // namespace

std::unique_ptr<Stream> MakeTls(const HopAtWork& hop, std::unique_ptr<Stream> below,
                                HopFailure* failed) {
  static TlsContexts contexts;  // of the relay's one config
  failed->hop = hop.hop;
  const auto context = contexts.Get(hop.config, hop.path[hop.hop], &failed->failure);
  if (context == nullptr) {
    return nullptr;
  }
  auto stream = std::make_unique<TlsStream>(std::move(below), context);
  return FinishHandshake(hop, stream.get(), &failed->failure) ? std::move(stream) : nullptr;
}

}  // namespace relay
