// Handshake: what a client says before its connection is dialled, in the protocol that its first
// byte shows: SOCKS5, SOCKS4 or HTTP. Sans-I/O; of one client and one thread.
#ifndef GOCHAIN_LISTENER_HANDSHAKE_H_
#define GOCHAIN_LISTENER_HANDSHAKE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "listener/request.h"
#include "listener/socks_request.h"

namespace listener {

class Handshake {
 public:
  enum class State : uint8_t {
    kReading,
    kRequested,  // request() is what it wants
    kRefused,    // nothing more is taken, and the connection ends once the answer is sent
  };

  // No browser's head is as long, and no server takes a longer one.
  static constexpr size_t kMaxHead = 64 * 1024;

  // Takes of `bytes` what belongs to it, never one beyond the request; returns how many. What is to
  // be said to that is appended to `answer`.
  size_t Take(std::span<const uint8_t> bytes, std::string* answer);
  State state() const { return state_; }
  // REQUIRES: kRequested
  Request& request() { return request_; }

 private:
  enum class Kind : uint8_t { kUnknown, kSocks, kHttp };

  size_t TakeSocks(std::span<const uint8_t> bytes, std::string* answer);
  size_t TakeHttp(std::span<const uint8_t> bytes, std::string* answer);
  bool EndsHead(char byte);
  void EndHead(std::string* answer);

  State state_ = State::kReading;
  Kind kind_ = Kind::kUnknown;
  SocksRequest socks_;
  std::string head_;
  size_t line_start_ = 0;  // in the head
  Request request_;
};

}  // namespace listener

#endif  // GOCHAIN_LISTENER_HANDSHAKE_H_
