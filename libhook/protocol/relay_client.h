// RelayClient: asks the relay to dial a path, and hears what came of it.
//
// Sans-I/O, fixed buffers; the contract is protocol::Handshake's, but for the failure: it is that
// of the hop that the relay names.
#ifndef GOCHAIN_PROTOCOL_RELAY_CLIENT_H_
#define GOCHAIN_PROTOCOL_RELAY_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/failure.h"
#include "protocol/relay_message.h"
#include "protocol/step.h"
#include "protocol/wire_message.h"

namespace protocol {

class RelayClient {
 public:
  RelayClient(const RelayRequest& request, const RelayAccess& access);

  Step step() const { return step_; }
  std::span<const uint8_t> Outgoing() const { return message_.Outgoing(); }
  void Sent(size_t count);
  Appetite Incoming() const { return message_.Incoming(); }
  size_t Feed(std::span<const uint8_t> data);
  void FeedEnd();
  const base::Failure& failure() const { return reply_.failure; }
  bool awaits_answer() const { return false; }  // it says itself who is silent
  bool answered() const { return step_ >= Step::kDone; }
  // As in the reply; 0 where there was none.
  uint32_t connect_us() const { return reply_.connect_us; }

 private:
  void FailHere(std::string_view detail);

  Step step_ = Step::kSend;
  uint8_t hop_count_;
  RelayToken expected_;
  WireMessage<kRelayRequestSize> message_;  // the one at work
  RelayReply reply_;
};

}  // namespace protocol

#endif  // GOCHAIN_PROTOCOL_RELAY_CLIENT_H_
