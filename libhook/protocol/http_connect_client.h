// HttpConnectClient: the client's side of HTTP CONNECT (RFC 9110 §9.3.6), with the requests that it
// takes to authenticate (HttpLogin).
//
// Sans-I/O, fixed buffers; the contract is protocol::Handshake's. Where a reply's head ends isn't
// known beforehand, so it is peeked at: what follows a 2xx belongs to the tunnel. The content of
// another reply is read only to send another request behind it.
#ifndef GOCHAIN_PROTOCOL_HTTP_CONNECT_CLIENT_H_
#define GOCHAIN_PROTOCOL_HTTP_CONNECT_CLIENT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/endpoint.h"
#include "base/failure.h"
#include "protocol/http_content.h"
#include "protocol/http_login.h"
#include "protocol/http_reply_head.h"
#include "protocol/step.h"

namespace protocol {

class HttpConnectClient {
 public:
  // The views of `credentials` outlive the client. `known` is from an earlier client of the same
  // proxy: of another dial, or of this one before kReconnect.
  HttpConnectClient(const base::Endpoint& target, const HttpCredentials& credentials,
                    const HttpMemory& known, const Freshness& fresh);
  // Nothing is known.
  HttpConnectClient(const base::Endpoint& target, const HttpCredentials& credentials);

  Step step() const { return step_; }
  std::span<const uint8_t> Outgoing() const;
  void Sent(size_t count);
  Appetite Incoming() const;
  size_t Feed(std::span<const uint8_t> data);
  void FeedEnd();
  const base::Failure& failure() const { return failure_; }
  bool awaits_answer() const { return step_ == Step::kReceive && !head_.started(); }
  // Puts the request into `out` and waits for its answer; 0: it doesn't fit, and nothing has
  // changed. Where it is `followed` by bytes for what is behind the proxy there can be no other
  // request on this connection. REQUIRES: nothing was sent, and there is no Negotiate token
  size_t WriteAhead(bool followed, std::span<uint8_t> out);
  void WasSentAhead(bool followed);
  bool answered() const { return head_.state() == HttpReplyHead::State::kComplete; }
  const HttpLogin& login() const { return login_; }

 private:
  // Room for the target thrice, the longest message of NTLM or a user name and password of 1,000
  // bytes together, which is what the tokens that stand in for passwords come to. A Negotiate token
  // isn't in it.
  static constexpr size_t kMaxRequest = 2560;
  static constexpr size_t kMaxCredentials = 1000;

  void WriteRequest();
  void Conclude();
  void ConcludeAuthentication();
  void GoOn();  // behind the content of a 407
  void FailByStatus();
  void Fail(base::Cause cause, base::Failure::Speaker speaker, std::string_view detail);

  Step step_ = Step::kSend;
  bool in_content_ = false;
  bool follows_answer_ = false;  // the request isn't the first on its connection
  bool is_followed_ = false;
  uint16_t size_ = 0;      // of the request, without the token
  uint16_t token_at_ = 0;  // where it belongs
  size_t sent_ = 0;
  std::string_view token_;
  base::Endpoint target_;
  // The request; and when it is sent, the line of the reply that is at work.
  std::array<char, kMaxRequest> buffer_;
  HttpReplyHead head_;
  HttpContent content_;
  HttpLogin login_;
  base::Failure failure_;
};

}  // namespace protocol

#endif  // GOCHAIN_PROTOCOL_HTTP_CONNECT_CLIENT_H_
