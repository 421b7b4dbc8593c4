#include "protocol/http_reply_head.h"

#include "base/ascii.h"

namespace protocol {
namespace {

constexpr std::string_view kStatusLineShape = "HTTP/d.d Ddd";  // d: a digit, D: not 0
constexpr size_t kStatusAt = kStatusLineShape.find('D');

constexpr uint64_t kAbsurdLength = uint64_t{1} << 48;

// A line may end in CR LF.
std::string_view Trim(std::string_view text) { return base::Trim(text, " \t\r"); }

// A token of RFC 9110 §5.6.2, roughly: up to a blank, '=', ',' or ';'.
std::string_view Token(std::string_view text) {
  return text.substr(0, text.find_first_of(" \t=,;"));
}

}  // namespace

size_t HttpReplyHead::Feed(std::span<const uint8_t> data, std::span<char> line) {
  size_t taken = 0;
  while (taken < data.size() && state_ == State::kOpen) {
    if (total_ == kMaxSize) {
      state_ = State::kTooLong;
      break;
    }
    ++total_;
    Take(static_cast<char>(data[taken++]), line);
  }
  return taken;
}

std::string_view HttpReplyHead::next_nonce() const {
  return has_next_nonce_ ? offers_.best().nonce() : std::string_view();
}

HttpReplyHead::Framing HttpReplyHead::framing() const {
  if (is_framing_bad_) {
    return Framing::kUntilClose;
  }
  if (has_coding_) {
    return is_chunked_ ? Framing::kChunked : Framing::kUntilClose;
  }
  return has_length_ ? Framing::kByLength : Framing::kUntilClose;
}

void HttpReplyHead::Take(char c, std::span<char> line) {
  if (in_status_line_ && !FitsStatusLine(c)) {
    state_ = State::kNotHttp;
    return;
  }
  if (c == '\n') {
    const bool empty = column_ == 0 || (column_ == 1 && last_ == '\r');
    column_ = 0;
    if (line_size_ > 0 && line[line_size_ - 1u] == '\r') {
      --line_size_;
    }
    if (empty) {
      EndHead(line);
    }
    in_status_line_ = empty && state_ == State::kOpen;  // behind an interim reply
    return;
  }
  // A line that starts with a blank goes on with the one before; only now is it known not to.
  if (column_ == 0 && !in_status_line_ && c != ' ' && c != '\t') {
    FinishLine(line);
  }
  if (line_size_ < line.size()) {
    line[line_size_++] = c;
  } else {
    line_cut_ = true;
  }
  last_ = c;
  ++column_;
}

bool HttpReplyHead::FitsStatusLine(char c) const {
  if (column_ > kStatusLineShape.size()) {
    return true;
  }
  if (column_ == kStatusLineShape.size()) {
    return c == ' ' || c == '\r' || c == '\n';
  }
  const char shape = kStatusLineShape[column_];
  return shape == 'd' || shape == 'D' ? base::IsDigit(c) && (shape == 'd' || c != '0') : c == shape;
}

void HttpReplyHead::EndHead(std::span<const char> line) {
  FinishLine(line);
  constexpr unsigned kSwitchingProtocols = 101;  // never asked for, and what follows isn't HTTP
  if (status_ == kSwitchingProtocols) {
    state_ = State::kNotHttp;
    return;
  }
  if (status_ >= 200) {
    state_ = State::kComplete;
    return;
  }
  const uint32_t total = total_;
  offers_.Clear();
  const HttpOffers offers = offers_;
  *this = HttpReplyHead();
  offers_ = offers;
  total_ = total;
}

void HttpReplyHead::FinishLine(std::span<const char> line) {
  const std::string_view text(line.data(), line_size_);
  if (status_ == 0) {
    ReadStatusLine(text);
  } else {
    ReadHeader(text);
  }
  line_size_ = 0;
  line_cut_ = false;
}

// REQUIRES: the line has the shape of a status line.
void HttpReplyHead::ReadStatusLine(std::string_view line) {
  for (const char digit : line.substr(kStatusAt, 3)) {
    status_ = static_cast<uint16_t>(status_ * 10 + (digit - '0'));
  }
  constexpr std::string_view kHttp10 = "HTTP/1.0";
  is_http10_ = line.substr(0, kHttp10.size()) <= kHttp10;
  reason_.Append(Trim(line.substr(kStatusLineShape.size())));
}

void HttpReplyHead::ReadHeader(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) {
    return;
  }
  const std::string_view name = Trim(line.substr(0, colon));
  const std::string_view value = Trim(line.substr(colon + 1));
  if (base::EqualsIgnoringCase(name, "proxy-authenticate")) {
    offers_.Read(value, line_cut_);
  } else if (base::EqualsIgnoringCase(name, "proxy-authentication-info")) {
    bool found = false;
    const std::string_view nonce = HeaderParameter(value, "nextnonce", &found);
    has_next_nonce_ = found && !line_cut_ && offers_.best().scheme == HttpScheme::kNone &&
                      offers_.best().SetDigestTexts({}, nonce, {});
  } else if (base::EqualsIgnoringCase(name, "x-squid-error") && error_.view().empty()) {
    error_.Append(value);
  } else if (base::EqualsIgnoringCase(name, "proxy-status") && error_.view().empty()) {
    constexpr std::string_view kError = "error=";
    const size_t at = value.find(kError);
    if (at != std::string_view::npos) {
      error_.Append(Token(value.substr(at + kError.size())));
    }
  } else {
    ReadFraming(name, value);
  }
}

void HttpReplyHead::ReadFraming(std::string_view name, std::string_view value) {
  if (base::EqualsIgnoringCase(name, "connection") ||
      base::EqualsIgnoringCase(name, "proxy-connection")) {
    ReadConnection(value);
  } else if (base::EqualsIgnoringCase(name, "transfer-encoding")) {
    is_chunked_ = !has_coding_ && base::EqualsIgnoringCase(value, "chunked");
    has_coding_ = true;
  } else if (base::EqualsIgnoringCase(name, "content-length")) {
    ReadLength(value);
  }
}

void HttpReplyHead::ReadConnection(std::string_view value) {
  while (!value.empty()) {
    const size_t comma = value.find(',');
    const std::string_view word = Trim(value.substr(0, comma));
    closes_ = closes_ || base::EqualsIgnoringCase(word, "close");
    keeps_alive_ = keeps_alive_ || base::EqualsIgnoringCase(word, "keep-alive");
    value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
  }
}

void HttpReplyHead::ReadLength(std::string_view value) {
  uint64_t length = 0;
  for (const char c : value) {
    if (!base::IsDigit(c) || length > kAbsurdLength) {
      is_framing_bad_ = true;
      return;
    }
    length = length * 10 + static_cast<uint64_t>(c - '0');
  }
  is_framing_bad_ = is_framing_bad_ || value.empty() || (has_length_ && length != content_length_);
  has_length_ = true;
  content_length_ = length;
}

}  // namespace protocol
