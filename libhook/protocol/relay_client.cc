#include "protocol/relay_client.h"

#include <cerrno>

namespace protocol {

static_assert(kRelayReplySize <= kRelayRequestSize);

RelayClient::RelayClient(const RelayRequest& request, const RelayAccess& access)
    : hop_count_(request.hop_count), expected_(access.reply) {
  WriteRelayRequest(request, access.request,
                    std::span<uint8_t, kRelayRequestSize>(message_.data(), kRelayRequestSize));
  message_.Start(kRelayRequestSize);
}

void RelayClient::Sent(size_t count) {
  message_.Sent(count);
  if (message_.whole()) {
    step_ = Step::kReceive;
    message_.Start(kRelayReplySize);
  }
}

size_t RelayClient::Feed(std::span<const uint8_t> data) {
  const size_t taken = message_.Take(data);
  if (!message_.whole()) {
    return taken;
  }
  const auto reply = ReadRelayReply(
      std::span<const uint8_t, kRelayReplySize>(message_.data(), kRelayReplySize), expected_);
  if (!reply || reply->failure.hop >= hop_count_) {
    FailHere("another program has the relay's port");
    return taken;
  }
  reply_ = *reply;
  step_ = reply_.failure ? Step::kFailed : Step::kDone;
  return taken;
}

void RelayClient::FeedEnd() { FailHere("it closed the connection"); }

void RelayClient::FailHere(std::string_view detail) {
  step_ = Step::kFailed;
  reply_.failure = {};
  reply_.failure.cause = base::Cause::kRelay;
  reply_.failure.code = ECONNREFUSED;
  reply_.failure.set_detail(detail);
}

}  // namespace protocol
