#include "listener/http_body.h"

#include <algorithm>

namespace listener {

HttpBody HttpBody::OfLength(uint64_t length) {
  HttpBody out;
  out.step_ = length > 0 ? Step::kCount : Step::kDone;
  out.left_ = length;
  return out;
}

HttpBody HttpBody::Chunked() {
  HttpBody out;
  out.step_ = Step::kSizeStart;
  return out;
}

HttpBody::State HttpBody::state() const {
  switch (step_) {
    case Step::kDone:
      return State::kShut;
    case Step::kBad:
      return State::kSpoilt;
    default:
      return State::kOpen;
  }
}

size_t HttpBody::Measure(std::span<const uint8_t> bytes) const {
  HttpBody copy(*this);
  return copy.Take(bytes);
}

void HttpBody::Pass(std::span<const uint8_t> bytes) { (void)Take(bytes); }

// The byte that spoils it is taken as well, so that it is seen to be spoilt.
size_t HttpBody::Take(std::span<const uint8_t> bytes) {
  size_t at = 0;
  while (at < bytes.size() && state() == State::kOpen) {
    if (step_ == Step::kCount || step_ == Step::kData) {
      const uint64_t some = std::min<uint64_t>(left_, bytes.size() - at);
      at += static_cast<size_t>(some);
      left_ -= some;
      if (left_ == 0) {
        step_ = step_ == Step::kCount ? Step::kDone : Step::kDataEnd;
      }
    } else {
      TakeByte(static_cast<char>(bytes[at++]));
    }
  }
  return at;
}

HttpBody::Step HttpBody::AfterSize() const { return left_ > 0 ? Step::kData : Step::kTrailer; }

void HttpBody::TakeByte(char byte) {
  const bool is_return = byte == '\r';
  const bool is_line_end = byte == '\n';
  switch (step_) {
    case Step::kSizeStart:
      left_ = 0;
      TakeDigit(byte);
      break;
    case Step::kSize:
      if (is_return) {
        step_ = Step::kSizeEnd;
      } else if (is_line_end) {
        step_ = AfterSize();
      } else if (byte == ';' || byte == ' ' || byte == '\t') {
        step_ = Step::kExtension;
      } else {
        TakeDigit(byte);
      }
      break;
    case Step::kExtension:
      step_ = is_return ? Step::kSizeEnd : is_line_end ? AfterSize() : Step::kExtension;
      break;
    case Step::kSizeEnd:
      step_ = is_line_end ? AfterSize() : Step::kBad;
      break;
    case Step::kDataEnd:
      step_ = is_return ? Step::kDataEndLine : is_line_end ? Step::kSizeStart : Step::kBad;
      break;
    case Step::kDataEndLine:
      step_ = is_line_end ? Step::kSizeStart : Step::kBad;
      break;
    case Step::kTrailer:
      step_ = is_return ? Step::kTrailerEnd : is_line_end ? Step::kDone : Step::kTrailerLine;
      break;
    case Step::kTrailerLine:
      step_ = is_line_end ? Step::kTrailer : Step::kTrailerLine;
      break;
    case Step::kTrailerEnd:
      step_ = is_line_end ? Step::kDone : Step::kBad;
      break;
    case Step::kCount:
    case Step::kData:
    case Step::kDone:
    case Step::kBad:
      break;
  }
}

void HttpBody::TakeDigit(char byte) {
  const int digit = byte >= '0' && byte <= '9'   ? byte - '0'
                    : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10
                    : byte >= 'A' && byte <= 'F' ? byte - 'A' + 10
                                                 : -1;
  constexpr uint64_t kLargest = UINT64_MAX >> 4;
  if (digit < 0 || left_ > kLargest) {
    step_ = Step::kBad;
    return;
  }
  left_ = left_ << 4 | static_cast<uint64_t>(digit);
  step_ = Step::kSize;
}

}  // namespace listener
