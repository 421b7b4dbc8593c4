// Socks4Client: the client's side of a SOCKS4 CONNECT (Ying-Da Lee, "SOCKS: A protocol for TCP
// proxy across firewalls") and of SOCKS 4A, which also takes names ("SOCKS 4A: A Simple Extension
// to SOCKS 4 Protocol"). One request, one reply of eight bytes; IPv4 only, and no password.
//
// Sans-I/O, fixed buffers; the contract is protocol::Handshake's.
#ifndef GOCHAIN_PROTOCOL_SOCKS4_CLIENT_H_
#define GOCHAIN_PROTOCOL_SOCKS4_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/endpoint.h"
#include "base/failure.h"
#include "protocol/step.h"
#include "protocol/wire_message.h"

namespace protocol {

class Socks4Client {
 public:
  // `user` may be empty. Fails at once for an IPv6 target, and for a name unless `takes_names`.
  Socks4Client(const base::Endpoint& target, std::string_view user, bool takes_names);

  Step step() const;
  std::span<const uint8_t> Outgoing() const { return message_.Outgoing(); }
  void Sent(size_t count);
  Appetite Incoming() const { return message_.Incoming(); }
  size_t Feed(std::span<const uint8_t> data);
  void FeedEnd();
  const base::Failure& failure() const { return failure_; }
  // 0: it doesn't fit into `out`, and nothing has changed. REQUIRES: nothing was sent
  size_t WriteAhead(std::span<uint8_t> out);
  void WasSentAhead() { Sent(Outgoing().size()); }
  bool answered() const { return answered_; }
  bool awaits_answer() const { return state_ == State::kRecvReply && message_.done() == 0; }

 private:
  // In wire order.
  enum class State : uint8_t { kSendRequest, kRecvReply, kDone, kFailed };

  static constexpr size_t kReply = 8;
  static constexpr size_t kMaxUser = 255;  // the protocol has no limit; servers do
  static constexpr size_t kLongestRequest = 8 + kMaxUser + 1 + base::kMaxNameLength + 1;

  void WriteRequest(const base::Endpoint& target, std::string_view user);
  void HandleReply();
  void Fail(base::Cause cause, uint16_t code, std::string_view detail);

  State state_ = State::kSendRequest;
  bool answered_ = false;
  WireMessage<kLongestRequest> message_;  // the one at work
  base::Failure failure_;
};

}  // namespace protocol

#endif  // GOCHAIN_PROTOCOL_SOCKS4_CLIENT_H_
