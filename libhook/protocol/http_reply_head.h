// HttpReplyHead: parses the head of a proxy's reply to CONNECT (RFC 9112), byte by byte, keeping
// what a failure is explained with, the challenges, and where the content behind it ends.
//
// Takes CRLF and bare LF line ends, HTTP/1.0 and 1.1, folded lines (RFC 9112 §5.2), and skips
// interim replies (1xx). Heads up to 64 KiB pass through the buffer of one line that the caller
// lends; a longer *line* is read whole, but only its beginning is looked at. Never takes a byte
// beyond the final head. Plain value, one owner, async-signal-safe.
#ifndef GOCHAIN_PROTOCOL_HTTP_REPLY_HEAD_H_
#define GOCHAIN_PROTOCOL_HTTP_REPLY_HEAD_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "config/config.h"
#include "protocol/http_challenge.h"

namespace protocol {

class HttpReplyHead {
 public:
  enum class State : uint8_t { kOpen, kComplete, kNotHttp, kTooLong };

  static constexpr size_t kMaxSize = 64 * 1024;  // interim replies included

  // Of the challenges only what `auth` allows is kept.
  explicit HttpReplyHead(config::Auth auth = config::Auth::kAny) : offers_(auth) {}

  // Takes bytes until the head is complete or unusable; returns how many it took. `line` holds the
  // line at work: the same memory at each call, untouched between them.
  size_t Feed(std::span<const uint8_t> data, std::span<char> line);

  State state() const { return state_; }
  bool started() const { return total_ > 0; }
  unsigned status() const { return status_; }                 // 0 before it is known
  std::string_view reason() const { return reason_.view(); }  // "Forbidden", cut
  const HttpOffers& offers() const { return offers_; }
  // Of Proxy-Authentication-Info (RFC 7616 §3.5): what the next request shall have. Empty: nothing.
  std::string_view next_nonce() const;
  // Why, in the proxy's own words: X-Squid-Error ("ERR_CONNECT_FAIL 111") or the error parameter
  // of Proxy-Status (RFC 9209, "dns_error"); empty where it sent none.
  std::string_view error() const { return error_.view(); }

  // Where the content of a reply that has one ends (RFC 9112 §6.3).
  enum class Framing : uint8_t { kByLength, kChunked, kUntilClose };
  Framing framing() const;
  uint64_t content_length() const { return content_length_; }  // REQUIRES: kByLength
  // Another request may follow on this connection.
  bool stays_open() const { return !closes_ && (!is_http10_ || keeps_alive_); }

 private:
  // Text that is cut at the buffer's end; copyable, unlike a TextWriter.
  template <size_t kSize>
  class Cut {
   public:
    void Append(std::string_view text) {
      for (const char c : text.substr(0, kSize - size_)) {
        text_[size_++] = c;
      }
    }
    void Clear() { size_ = 0; }
    std::string_view view() const { return {text_.data(), size_}; }

   private:
    std::array<char, kSize> text_;
    uint8_t size_ = 0;
  };

  void Take(char c, std::span<char> line);
  bool FitsStatusLine(char c) const;
  void EndHead(std::span<const char> line);
  void FinishLine(std::span<const char> line);
  void ReadStatusLine(std::string_view line);
  void ReadHeader(std::string_view line);
  void ReadFraming(std::string_view name, std::string_view value);
  void ReadConnection(std::string_view value);
  void ReadLength(std::string_view value);

  State state_ = State::kOpen;
  bool in_status_line_ = true;
  bool is_http10_ = false;
  bool closes_ = false;
  bool keeps_alive_ = false;
  bool has_length_ = false;
  bool has_coding_ = false;
  bool is_chunked_ = false;
  bool is_framing_bad_ = false;
  bool has_next_nonce_ = false;
  bool line_cut_ = false;
  char last_ = 0;
  uint16_t status_ = 0;
  uint16_t line_size_ = 0;
  uint32_t total_ = 0;
  uint32_t column_ = 0;  // in the line as it came
  uint64_t content_length_ = 0;
  Cut<48> reason_;
  Cut<48> error_;
  HttpOffers offers_;  // with a next nonce in the best one's place
};

}  // namespace protocol

#endif  // GOCHAIN_PROTOCOL_HTTP_REPLY_HEAD_H_
