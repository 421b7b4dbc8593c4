// Socks5Client: the client's side of a SOCKS5 CONNECT (RFC 1928), without authentication or with a
// user name and password (RFC 1929).
//
// Sans-I/O, fixed buffers; the contract is protocol::Handshake's. Every reply's length is known
// before its last byte is asked for, so nothing is ever peeked at.
#ifndef GOCHAIN_PROTOCOL_SOCKS5_CLIENT_H_
#define GOCHAIN_PROTOCOL_SOCKS5_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/endpoint.h"
#include "base/failure.h"
#include "protocol/step.h"
#include "protocol/wire_message.h"

namespace protocol {

class Socks5Client {
 public:
  // Both `user` and `password` empty: no credentials. The views outlive the client.
  Socks5Client(const base::Endpoint& target, std::string_view user, std::string_view password);

  // All of it without waiting for an answer, for a proxy that chooses `method`: puts it into `out`
  // and waits for the answers. Returns its size; 0: it doesn't fit, and nothing has changed.
  // REQUIRES: nothing was sent; kPassword only where there are credentials
  size_t WriteAhead(Socks5Method method, std::span<uint8_t> out);
  // The same where it has been sent. A proxy that chooses another method then is connected to anew.
  void WasSentAhead(Socks5Method method);

  // It ends, as kDone, where the request would come. REQUIRES: nothing was sent
  void GreetOnly() { greet_only_ = true; }
  // Another client has come as far with GreetOnly(): only the request is left to say, also ahead.
  // REQUIRES: nothing was sent
  void WasGreeted(Socks5Method method);

  Step step() const;
  std::span<const uint8_t> Outgoing() const { return message_.Outgoing(); }
  void Sent(size_t count);
  Appetite Incoming() const { return message_.Incoming(); }
  size_t Feed(std::span<const uint8_t> data);
  void FeedEnd();
  const base::Failure& failure() const { return failure_; }
  Socks5Method method() const { return method_; }  // that the proxy has chosen
  bool answered() const { return answered_; }
  bool awaits_answer() const { return state_ == State::kRecvReply && message_.done() == 0; }

 private:
  // In wire order.
  enum class State : uint8_t {
    kSendGreeting,
    kRecvMethod,
    kSendCredentials,
    kRecvVerdict,
    kSendRequest,
    kRecvReply,
    kReconnect,
    kDone,
    kFailed,
  };

  static constexpr size_t kMaxCredential = 255;  // RFC 1929 §2: one byte holds each length
  static constexpr size_t kLongestMessage = 3 + 2 * kMaxCredential;

  bool has_credentials() const { return !user_.empty() || !password_.empty(); }
  void StartSending(State state, size_t size);
  void StartReceiving(State state, size_t size);
  void SendCredentials();
  void SendRequest();
  void GoOnToRequest();
  void HandleMethod();
  void HandleVerdict();
  void HandleReply();
  void HandleReplyCode(uint8_t code);
  void Fail(base::Cause cause, uint16_t code, std::string_view detail);

  base::Endpoint target_;
  std::string_view user_;
  std::string_view password_;
  State state_ = State::kSendGreeting;
  Socks5Method ahead_ = Socks5Method::kUnknown;  // what was sent ahead is for
  Socks5Method method_ = Socks5Method::kUnknown;
  bool answered_ = false;
  bool greet_only_ = false;
  bool was_greeted_ = false;
  WireMessage<kLongestMessage> message_;  // the one at work
  base::Failure failure_;
};

}  // namespace protocol

#endif  // GOCHAIN_PROTOCOL_SOCKS5_CLIENT_H_
