// HttpContent: reads over the content of a reply (RFC 9112 §6, §7.1), so that the connection can
// take another request.
//
// Gives up on more than 64 KiB, and on what ends with the connection. Plain value,
// async-signal-safe.
#ifndef GOCHAIN_PROTOCOL_HTTP_CONTENT_H_
#define GOCHAIN_PROTOCOL_HTTP_CONTENT_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "protocol/http_reply_head.h"
#include "protocol/step.h"

namespace protocol {

class HttpContent {
 public:
  // kUnusable: the connection is of no more use.
  enum class State : uint8_t { kOpen, kEnded, kUnusable };

  static constexpr uint64_t kMaxSize = 64 * 1024;

  HttpContent() = default;
  explicit HttpContent(const HttpReplyHead& head);

  State state() const { return state_; }
  Appetite Incoming() const;  // REQUIRES: state() == kOpen
  // Takes bytes until the content has ended or is unusable; returns how many it took.
  size_t Feed(std::span<const uint8_t> data);

 private:
  enum class Part : uint8_t { kBytes, kChunkSize, kChunkExtension, kChunk, kChunkEnd, kTrailer };

  void TakeOfChunks(char c);
  void EndChunkSize();

  State state_ = State::kEnded;
  Part part_ = Part::kBytes;
  bool has_digit_ = false;
  bool is_line_empty_ = true;
  uint64_t left_ = 0;  // of the bytes or the chunk; the size that is being read
  uint64_t total_ = 0;
};

}  // namespace protocol

#endif  // GOCHAIN_PROTOCOL_HTTP_CONTENT_H_
