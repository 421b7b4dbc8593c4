// What a program's connect and the relay, a process of gochain's on the same machine, say to each
// other: one request, one reply, each of a fixed size, in the machine's byte order. Behind a good
// reply the connection is the tunnel.
#ifndef GOCHAIN_PROTOCOL_RELAY_MESSAGE_H_
#define GOCHAIN_PROTOCOL_RELAY_MESSAGE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>

#include "base/endpoint.h"
#include "base/failure.h"
#include "config/config.h"

namespace protocol {

using RelayToken = std::array<uint8_t, 16>;

// Where the relay listens, and what both ends know each other by: whoever has the port after a
// relay's death, or finds it, knows neither token. Plain: lies in shared memory.
struct RelayAccess {
  uint16_t port = 0;     // of 127.0.0.1
  bool has_v6 = false;   // and of ::1
  RelayToken request{};  // begins a request
  RelayToken reply{};    // begins the reply
};

// What a connect asks the relay for.
struct RelayRequest {
  uint32_t budget_ms = 0;  // the whole dial may take so long
  uint8_t hop_count = 0;
  std::array<uint16_t, config::kMaxHops> hops{};  // indexes of proxies, the first hop first
  base::Endpoint target;
};

struct RelayReply {
  base::Failure failure;  // kNone: the tunnel is up; `hop` is an index of the request's hops
  // How long the connect to the first hop took, whatever came of the rest. 0: unknown.
  uint32_t connect_us = 0;
};

// Written as bytes, so that no byte of a stranger's memory goes with it. The number changes with
// the layout.
inline constexpr uint64_t kRelayMagic = 0x32796c7263686347;
inline constexpr size_t kRelayHeadSize = sizeof kRelayMagic + sizeof(RelayToken);
inline constexpr size_t kRelayRequestSize =
    kRelayHeadSize + 4 + 1 + 2 * config::kMaxHops + 2 + 1 + base::kMaxNameLength;
inline constexpr size_t kRelayReplySize =
    sizeof(RelayToken) + 4 + 5 + sizeof(base::Failure::detail);

void WriteRelayRequest(const RelayRequest& request, const RelayToken& token,
                       std::span<uint8_t, kRelayRequestSize> out);
void WriteRelayReply(const RelayReply& reply, const RelayToken& token,
                     std::span<uint8_t, kRelayReplySize> out);

// True where `head`, of at most kRelayHeadSize bytes, is how a request with `token` begins; takes
// the same time wherever it isn't.
bool IsRelayRequest(std::span<const uint8_t> head, const RelayToken& token);
// Of a whole request whose head is right. Empty where it isn't one; hops aren't looked at.
std::optional<RelayRequest> ReadRelayRequest(std::span<const uint8_t, kRelayRequestSize> bytes);
std::optional<RelayReply> ReadRelayReply(std::span<const uint8_t, kRelayReplySize> bytes,
                                         const RelayToken& token);

}  // namespace protocol

#endif  // GOCHAIN_PROTOCOL_RELAY_MESSAGE_H_
