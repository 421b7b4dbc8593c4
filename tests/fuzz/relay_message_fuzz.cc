// What the relay reads from whoever connects to it, and a program from whoever listens there.
#include <cstring>

#include "handshake_property.h"
#include "protocol/relay_client.h"
#include "protocol/relay_message.h"

namespace {

// `input`, cut or filled up with zeros.
template <size_t kSize>
std::array<uint8_t, kSize> Sized(std::span<const uint8_t> input) {
  std::array<uint8_t, kSize> out{};
  std::copy_n(input.begin(), std::min(input.size(), kSize), out.begin());
  return out;
}

void CheckRequest(std::span<const uint8_t> input) {
  const auto bytes = Sized<protocol::kRelayRequestSize>(input);
  const auto request = protocol::ReadRelayRequest(bytes);
  if (!request) return;
  fuzz::Require(request->hop_count <= config::kMaxHops, "no more hops than there may be");
  std::array<uint8_t, protocol::kRelayRequestSize> written;
  protocol::WriteRelayRequest(*request, {}, written);
  const auto again = protocol::ReadRelayRequest(written);
  fuzz::Require(again && again->target == request->target &&
                    again->hop_count == request->hop_count &&
                    std::equal(again->hops.begin(), again->hops.begin() + again->hop_count,
                               request->hops.begin()),
                "what was read can be written");
}

void CheckReply(std::span<const uint8_t> input) {
  const auto bytes = Sized<protocol::kRelayReplySize>(input);
  protocol::RelayToken token;
  std::copy_n(bytes.begin(), token.size(), token.begin());
  const auto reply = protocol::ReadRelayReply(bytes, token);
  if (!reply) return;
  const base::Failure& failure = reply->failure;
  fuzz::Require(failure.cause <= base::kLastCause, "a cause that there is");
  fuzz::Require(std::memchr(failure.detail.data(), '\0', failure.detail.size()) != nullptr,
                "a detail that ends");
  std::array<char, 512> buffer;
  base::Describe(failure, "target", buffer);
  ++token[0];
  fuzz::Require(!protocol::ReadRelayReply(bytes, token), "no reply without the token");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  CheckRequest({data, size});
  CheckReply({data, size});
  protocol::RelayRequest request;
  request.hop_count = 2;
  request.target = *base::Endpoint::FromName("go.example", 443);
  // The token of the reply is zeros, which a mutation finds.
  fuzz::CheckHandshake(protocol::RelayClient(request, {}), {data, size});
  return 0;
}
