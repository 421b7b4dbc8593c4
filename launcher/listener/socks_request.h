// SocksRequest: the server's side of SOCKS5 (RFC 1928, without authentication), SOCKS4 and SOCKS4a,
// up to the request. Sans-I/O: never takes a byte beyond the request.
#ifndef GOCHAIN_LISTENER_SOCKS_REQUEST_H_
#define GOCHAIN_LISTENER_SOCKS_REQUEST_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "listener/request.h"

namespace listener {

// RFC 1928 §6.
enum class Socks5Reply : uint8_t {
  kSucceeded = 0,
  kGeneralFailure = 1,
  kNotAllowed = 2,
  kNetworkUnreachable = 3,
  kHostUnreachable = 4,
  kRefused = 5,
  kTimedOut = 6,  // "TTL expired" there: what is nearest to it
  kCommandNotSupported = 7,
  kAddressTypeNotSupported = 8,
};

std::string Socks5ReplyBytes(Socks5Reply reply);
std::string Socks4ReplyBytes(bool granted);

class SocksRequest {
 public:
  enum class State : uint8_t { kReading, kRequested, kRefused };

  // Takes of `bytes` what belongs to it; returns how many. What is to be said to that is appended
  // to `answer`.
  size_t Take(std::span<const uint8_t> bytes, std::string* answer);
  State state() const { return state_; }
  // REQUIRES: kRequested
  const Request& request() const { return request_; }

 private:
  enum class Step : uint8_t { kGreeting, kSocks5, kSocks4, kSocks4Texts };

  void TakeByte(uint8_t byte, std::string* answer);
  void EndGreeting(std::string* answer);
  void LookAtSocks5(std::string* answer);
  void EndSocks5(std::string* answer);
  void LookAtSocks4(std::string* answer);
  void EndSocks4(std::string* answer);
  void Refuse(const std::string& bytes, std::string* answer);
  std::span<const uint8_t> message() const { return std::span(message_).first(size_); }

  State state_ = State::kReading;
  Step step_ = Step::kGreeting;
  // The message being read. The longest is SOCKS4a's: eight bytes, user and name, each with a NUL.
  static constexpr size_t kMaxText = 255;
  std::array<uint8_t, 8 + 2 * (kMaxText + 1)> message_;
  size_t size_ = 0;
  size_t user_end_ = 0;  // SOCKS4: where the name begins; 0: the user isn't through
  Request request_;
};

}  // namespace listener

#endif  // GOCHAIN_LISTENER_SOCKS_REQUEST_H_
