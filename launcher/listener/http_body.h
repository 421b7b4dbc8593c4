// HttpBody: how far the body of a request goes (RFC 9112 §6): sans-I/O, and it keeps no bytes.
#ifndef GOCHAIN_LISTENER_HTTP_BODY_H_
#define GOCHAIN_LISTENER_HTTP_BODY_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "supervisor/gate.h"

namespace listener {

class HttpBody final : public supervisor::Gate {
 public:
  HttpBody() = default;  // none
  static HttpBody OfLength(uint64_t length);
  static HttpBody Chunked();

  size_t Measure(std::span<const uint8_t> bytes) const override;
  void Pass(std::span<const uint8_t> bytes) override;
  State state() const override;

 private:
  enum class Step : uint8_t {
    kCount,        // left_ bytes
    kSizeStart,    // a chunk's size: its first digit
    kSize,         // and the others
    kExtension,    // what follows the size, to the end of the line
    kSizeEnd,      // '\n' after '\r'
    kData,         // left_ bytes of a chunk
    kDataEnd,      // '\r' or '\n' after them
    kDataEndLine,  // '\n' after '\r'
    kTrailer,      // the start of a line
    kTrailerLine,  // the rest of it
    kTrailerEnd,   // '\n' after an empty line's '\r'
    kDone,
    kBad,
  };

  // Takes what it can of `bytes`; returns how many.
  size_t Take(std::span<const uint8_t> bytes);
  void TakeByte(char byte);
  void TakeDigit(char byte);
  Step AfterSize() const;

  Step step_ = Step::kDone;
  uint64_t left_ = 0;
};

}  // namespace listener

#endif  // GOCHAIN_LISTENER_HTTP_BODY_H_
