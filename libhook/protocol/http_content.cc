#include "protocol/http_content.h"

#include <algorithm>

#include "base/ascii.h"

namespace protocol {
namespace {

constexpr size_t kPiece = 1024;

}  // namespace

HttpContent::HttpContent(const HttpReplyHead& head) {
  switch (head.framing()) {
    case HttpReplyHead::Framing::kByLength:
      left_ = head.content_length();
      state_ = left_ == 0 ? State::kEnded : left_ > kMaxSize ? State::kUnusable : State::kOpen;
      return;
    case HttpReplyHead::Framing::kChunked:
      part_ = Part::kChunkSize;
      state_ = State::kOpen;
      return;
    case HttpReplyHead::Framing::kUntilClose:
      state_ = State::kUnusable;
      return;
  }
}

Appetite HttpContent::Incoming() const {
  if (part_ == Part::kBytes || part_ == Part::kChunk) {
    return {.max = std::min<size_t>(left_, kPiece), .peek = false};
  }
  return {.max = kPiece, .peek = true};
}

size_t HttpContent::Feed(std::span<const uint8_t> data) {
  size_t taken = 0;
  while (taken < data.size() && state_ == State::kOpen) {
    if (part_ == Part::kBytes || part_ == Part::kChunk) {
      const size_t piece = std::min<size_t>(left_, data.size() - taken);
      taken += piece;
      total_ += piece;
      left_ -= piece;
      if (left_ == 0 && part_ == Part::kBytes) {
        state_ = State::kEnded;
      } else if (left_ == 0) {
        part_ = Part::kChunkEnd;
      }
    } else {
      ++total_;
      TakeOfChunks(static_cast<char>(data[taken++]));
    }
    if (total_ > kMaxSize) {
      state_ = State::kUnusable;
    }
  }
  return taken;
}

void HttpContent::TakeOfChunks(char c) {
  switch (part_) {
    case Part::kBytes:
    case Part::kChunk:
      return;
    case Part::kChunkSize:
      if (const int digit = base::HexDigit(c); digit >= 0) {
        has_digit_ = true;
        left_ = left_ * 16 + static_cast<uint64_t>(digit);
        state_ = left_ > kMaxSize ? State::kUnusable : state_;
        return;
      }
      part_ = Part::kChunkExtension;
      [[fallthrough]];
    case Part::kChunkExtension:
      if (!has_digit_) {
        state_ = State::kUnusable;
      } else if (c == '\n') {
        EndChunkSize();
      }
      return;
    case Part::kChunkEnd:
      if (c == '\n') {
        part_ = Part::kChunkSize;
      } else if (c != '\r') {
        state_ = State::kUnusable;
      }
      return;
    case Part::kTrailer:
      if (c != '\n') {
        is_line_empty_ = is_line_empty_ && c == '\r';
      } else if (is_line_empty_) {
        state_ = State::kEnded;
      } else {
        is_line_empty_ = true;
      }
      return;
  }
}

void HttpContent::EndChunkSize() {
  part_ = left_ == 0 ? Part::kTrailer : Part::kChunk;
  has_digit_ = false;
  is_line_empty_ = true;
}

}  // namespace protocol
