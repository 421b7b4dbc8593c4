#include "listener/handshake.h"

#include <utility>

#include "listener/http_request.h"
#include "listener/reply.h"

namespace listener {

size_t Handshake::Take(std::span<const uint8_t> bytes, std::string* answer) {
  if (bytes.empty() || state_ != State::kReading) {
    return 0;
  }
  if (kind_ == Kind::kUnknown) {
    kind_ = bytes[0] == 4 || bytes[0] == 5 ? Kind::kSocks : Kind::kHttp;
  }
  return kind_ == Kind::kSocks ? TakeSocks(bytes, answer) : TakeHttp(bytes, answer);
}

size_t Handshake::TakeSocks(std::span<const uint8_t> bytes, std::string* answer) {
  const size_t taken = socks_.Take(bytes, answer);
  switch (socks_.state()) {
    case SocksRequest::State::kReading:
      break;
    case SocksRequest::State::kRequested:
      request_ = socks_.request();
      state_ = State::kRequested;
      break;
    case SocksRequest::State::kRefused:
      state_ = State::kRefused;
      break;
  }
  return taken;
}

size_t Handshake::TakeHttp(std::span<const uint8_t> bytes, std::string* answer) {
  size_t at = 0;
  while (at < bytes.size() && state_ == State::kReading) {
    const char byte = static_cast<char>(bytes[at++]);
    // A method is of letters: TLS, or whatever it is, would go on without ever ending a line.
    const bool is_method = head_.empty() ? byte >= 'A' && byte <= 'Z' : true;
    head_.push_back(byte);
    if (!is_method || EndsHead(byte)) {
      EndHead(answer);
    } else if (head_.size() == kMaxHead) {
      answer->append(HttpReply(HeadTooLarge()));
      state_ = State::kRefused;
    }
  }
  return at;
}

// An empty line does.
bool Handshake::EndsHead(char byte) {
  if (byte != '\n') {
    return false;
  }
  const size_t length = head_.size() - 1 - line_start_;
  const bool is_empty = length == 0 || (length == 1 && head_[line_start_] == '\r');
  line_start_ = head_.size();
  return is_empty;
}

void Handshake::EndHead(std::string* answer) {
  const HttpRefusal refusal = ReadHttpRequest(head_, &request_);
  head_ = {};
  if (refusal.status != 0) {
    answer->append(HttpReply(refusal));
    state_ = State::kRefused;
  } else {
    state_ = State::kRequested;
  }
}

}  // namespace listener
