// HttpReplyHead: parses the head of a proxy's reply to CONNECT (RFC 9112), byte by byte, keeping
// only what a failure is explained with.
//
// Takes CRLF and bare LF line ends, HTTP/1.0 and 1.1, folded lines (RFC 9112 §5.2), and skips
// interim replies (1xx). Heads up to 64 KiB pass through a fixed buffer; a longer *line* is read
// whole, but only its beginning is looked at. Never takes a byte beyond the final head: content is
// not its business. Plain value, one owner, async-signal-safe.
#ifndef GOCHAIN_PROTOCOL_HTTP_REPLY_HEAD_H_
#define GOCHAIN_PROTOCOL_HTTP_REPLY_HEAD_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace protocol {

class HttpReplyHead {
 public:
  enum class State : uint8_t { kOpen, kComplete, kNotHttp, kTooLong };

  static constexpr size_t kMaxSize = 64 * 1024;  // interim replies included

  // Takes bytes until the head is complete or unusable; returns how many it took.
  size_t Feed(std::span<const uint8_t> data);

  State state() const { return state_; }
  bool started() const { return total_ > 0; }
  unsigned status() const { return status_; }                         // 0 before it is known
  std::string_view reason() const { return reason_.view(); }          // "Forbidden", cut
  std::string_view challenges() const { return challenges_.view(); }  // `NTLM, Basic realm="x"`
  bool offers_basic() const { return offers_basic_; }
  // Why, in the proxy's own words: X-Squid-Error ("ERR_CONNECT_FAIL 111") or the error parameter
  // of Proxy-Status (RFC 9209, "dns_error"); empty where it sent none.
  std::string_view error() const { return error_.view(); }

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
    void DropBack(char c) {
      if (size_ > 0 && text_[size_ - 1u] == c) --size_;
    }
    void Clear() { size_ = 0; }
    std::string_view view() const { return {text_.data(), size_}; }

   private:
    std::array<char, kSize> text_;
    uint16_t size_ = 0;
  };

  void Take(char c);
  bool FitsStatusLine(char c) const;
  void EndHead();
  void FinishLine();
  void ReadStatusLine(std::string_view line);
  void ReadHeader(std::string_view line);
  void ReadChallenges(std::string_view value);
  void AddChallenge(std::string_view element);

  State state_ = State::kOpen;
  bool in_status_line_ = true;
  bool offers_basic_ = false;
  bool has_realm_ = false;
  char last_ = 0;
  uint16_t status_ = 0;
  uint32_t total_ = 0;
  uint32_t column_ = 0;  // in the line as it came
  Cut<512> line_;        // the line at work, unfolded
  Cut<48> reason_;
  Cut<56> challenges_;
  Cut<48> error_;
};

}  // namespace protocol

#endif  // GOCHAIN_PROTOCOL_HTTP_REPLY_HEAD_H_
