// HttpConnectClient: the client's side of HTTP CONNECT (RFC 9110 §9.3.6), with Basic credentials
// (RFC 7617) or a token of GSSAPI's (RFC 4559) where there are any.
//
// Sans-I/O, fixed buffers; the contract is protocol::Handshake's. Where a reply's head ends isn't
// known beforehand, so it is peeked at: what follows a 2xx belongs to the tunnel. The content of
// any other reply isn't read.
#ifndef GOCHAIN_PROTOCOL_HTTP_CONNECT_CLIENT_H_
#define GOCHAIN_PROTOCOL_HTTP_CONNECT_CLIENT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/endpoint.h"
#include "base/failure.h"
#include "protocol/http_reply_head.h"
#include "protocol/step.h"

namespace protocol {

class HttpConnectClient {
 public:
  // Both `user` and `password` empty: no credentials. Neither is needed after construction.
  HttpConnectClient(const base::Endpoint& target, std::string_view user, std::string_view password);
  // With a token in base64, of any length, which outlives the handshake.
  HttpConnectClient(const base::Endpoint& target, std::string_view negotiate_token);

  Step step() const { return step_; }
  std::span<const uint8_t> Outgoing() const;
  void Sent(size_t count);
  Appetite Incoming() const;
  size_t Feed(std::span<const uint8_t> data);
  void FeedEnd();
  const base::Failure& failure() const { return failure_; }
  bool awaits_answer() const { return step_ == Step::kReceive && !head_.started(); }

 private:
  // Room for any target twice and for user name and password of 1,000 bytes together, which is what
  // the tokens that stand in for passwords come to.
  static constexpr size_t kMaxRequest = 2048;
  static constexpr size_t kMaxCredentials = 1000;

  enum class Credentials : uint8_t { kNone, kBasic, kToken };

  bool WriteRequest(const base::Endpoint& target, std::string_view user, std::string_view password);
  size_t size() const { return size_ + token_.size(); }  // of the request
  void Conclude();
  void ConcludeAuthentication();
  void Fail(base::Cause cause, base::Failure::Speaker speaker, std::string_view detail);

  Step step_ = Step::kSend;
  Credentials credentials_;
  size_t sent_ = 0;
  uint16_t token_at_ = 0;  // in front of which byte of request_ the token goes
  uint16_t size_ = 0;
  std::array<char, kMaxRequest> request_;
  std::string_view token_;
  HttpReplyHead head_;
  base::Failure failure_;
};

}  // namespace protocol

#endif  // GOCHAIN_PROTOCOL_HTTP_CONNECT_CLIENT_H_
