#include "protocol/http_reply_head.h"

#include "base/ascii.h"

namespace protocol {
namespace {

constexpr std::string_view kStatusLineShape = "HTTP/d.d Ddd";  // d: a digit, D: not 0
constexpr size_t kStatusAt = kStatusLineShape.find('D');

bool EqualsIgnoringCase(std::string_view a, std::string_view lower) {
  if (a.size() != lower.size()) {
    return false;
  }
  for (size_t i = 0; i < a.size(); ++i) {
    if (base::ToLower(a[i]) != lower[i]) {
      return false;
    }
  }
  return true;
}

// A line may end in CR LF.
std::string_view Trim(std::string_view text) { return base::Trim(text, " \t\r"); }

// A token of RFC 9110 §5.6.2, roughly: up to a blank, '=', ',' or ';'.
std::string_view Token(std::string_view text) {
  return text.substr(0, text.find_first_of(" \t=,;"));
}

// The value of a parameter, with its quotes if it has them, starting right behind the '='.
std::string_view ParameterValue(std::string_view text) {
  text = Trim(text);
  if (!text.starts_with('"')) {
    return Token(text);
  }
  for (size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return text.substr(0, i + 1);
    }
  }
  return text;
}

}  // namespace

size_t HttpReplyHead::Feed(std::span<const uint8_t> data) {
  size_t taken = 0;
  while (taken < data.size() && state_ == State::kOpen) {
    if (total_ == kMaxSize) {
      state_ = State::kTooLong;
      break;
    }
    ++total_;
    Take(static_cast<char>(data[taken++]));
  }
  return taken;
}

void HttpReplyHead::Take(char c) {
  if (in_status_line_ && !FitsStatusLine(c)) {
    state_ = State::kNotHttp;
    return;
  }
  if (c == '\n') {
    const bool empty = column_ == 0 || (column_ == 1 && last_ == '\r');
    column_ = 0;
    line_.DropBack('\r');
    if (empty) {
      EndHead();
    }
    in_status_line_ = empty && state_ == State::kOpen;  // behind an interim reply
    return;
  }
  // A line that starts with a blank goes on with the one before; only now is it known not to.
  if (column_ == 0 && !in_status_line_ && c != ' ' && c != '\t') {
    FinishLine();
  }
  line_.Append(std::string_view(&c, 1));
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

void HttpReplyHead::EndHead() {
  FinishLine();
  constexpr unsigned kSwitchingProtocols = 101;  // never asked for, and what follows isn't HTTP
  if (status_ == kSwitchingProtocols) {
    state_ = State::kNotHttp;
    return;
  }
  if (status_ >= 200) {
    state_ = State::kComplete;
    return;
  }
  status_ = 0;
  offers_basic_ = false;
  has_realm_ = false;
  reason_.Clear();
  challenges_.Clear();
  error_.Clear();
}

void HttpReplyHead::FinishLine() {
  const std::string_view line = line_.view();
  if (status_ == 0) {
    ReadStatusLine(line);
  } else {
    ReadHeader(line);
  }
  line_.Clear();
}

// REQUIRES: the line has the shape of a status line.
void HttpReplyHead::ReadStatusLine(std::string_view line) {
  for (const char digit : line.substr(kStatusAt, 3)) {
    status_ = static_cast<uint16_t>(status_ * 10 + (digit - '0'));
  }
  reason_.Append(Trim(line.substr(kStatusLineShape.size())));
}

void HttpReplyHead::ReadHeader(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) {
    return;
  }
  const std::string_view name = Trim(line.substr(0, colon));
  const std::string_view value = Trim(line.substr(colon + 1));
  if (EqualsIgnoringCase(name, "proxy-authenticate")) {
    ReadChallenges(value);
  } else if (EqualsIgnoringCase(name, "x-squid-error") && error_.view().empty()) {
    error_.Append(value);
  } else if (EqualsIgnoringCase(name, "proxy-status") && error_.view().empty()) {
    constexpr std::string_view kError = "error=";
    const size_t at = value.find(kError);
    if (at != std::string_view::npos) {
      error_.Append(Token(value.substr(at + kError.size())));
    }
  }
}

// RFC 9110 §11.6.1: the commas between challenges and those between one challenge's parameters look
// the same; a parameter is what has a '=' behind its first token.
void HttpReplyHead::ReadChallenges(std::string_view value) {
  size_t start = 0;
  bool quoted = false;
  for (size_t i = 0; i <= value.size(); ++i) {
    if (i < value.size() && quoted && value[i] == '\\') {
      ++i;
    } else if (i < value.size() && value[i] == '"') {
      quoted = !quoted;
    } else if (i >= value.size() || (value[i] == ',' && !quoted)) {
      AddChallenge(Trim(value.substr(start, i - start)));
      start = i + 1;
      if (start > value.size()) {
        break;
      }
    }
  }
}

void HttpReplyHead::AddChallenge(std::string_view element) {
  std::string_view token = Token(element);
  std::string_view rest = Trim(element.substr(token.size()));
  if (!token.empty() && !rest.starts_with('=')) {
    if (!challenges_.view().empty()) {
      challenges_.Append(", ");
    }
    challenges_.Append(token);
    offers_basic_ = offers_basic_ || EqualsIgnoringCase(token, "basic");
    has_realm_ = false;
    token = Token(rest);
    rest = Trim(rest.substr(token.size()));
  }
  if (EqualsIgnoringCase(token, "realm") && rest.starts_with('=') && !has_realm_) {
    challenges_.Append(" realm=");
    challenges_.Append(ParameterValue(rest.substr(1)));
    has_realm_ = true;
  }
}

}  // namespace protocol
