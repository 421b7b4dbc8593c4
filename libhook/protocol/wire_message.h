// WireMessage: one message of a handshake in a fixed buffer, as far as it has been sent or
// received.
#ifndef GOCHAIN_PROTOCOL_WIRE_MESSAGE_H_
#define GOCHAIN_PROTOCOL_WIRE_MESSAGE_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "protocol/step.h"

namespace protocol {

template <size_t kCapacity>
class WireMessage {
 public:
  uint8_t& operator[](size_t at) { return bytes_[at]; }
  uint8_t* data() { return bytes_.data(); }

  // A message of `size` bytes begins: what data() has is to be sent, or nothing is received yet.
  void Start(size_t size) {
    done_ = 0;
    size_ = static_cast<uint16_t>(size);
  }
  // Its length, learned from its first bytes.
  void Resize(size_t size) { size_ = static_cast<uint16_t>(size); }

  size_t done() const { return done_; }
  bool whole() const { return done_ == size_; }

  std::span<const uint8_t> Outgoing() const {
    return std::span<const uint8_t>(bytes_).subspan(done_, static_cast<size_t>(size_ - done_));
  }
  void Sent(size_t count) { done_ = static_cast<uint16_t>(done_ + count); }

  Appetite Incoming() const { return {.max = static_cast<size_t>(size_ - done_), .peek = false}; }
  // Takes what it has an appetite for; returns how much that was.
  size_t Take(std::span<const uint8_t> data) {
    const size_t taken = std::min(data.size(), Incoming().max);
    std::copy_n(data.begin(), taken, bytes_.begin() + done_);
    done_ = static_cast<uint16_t>(done_ + taken);
    return taken;
  }

 private:
  uint16_t done_ = 0;
  uint16_t size_ = 0;
  std::array<uint8_t, kCapacity> bytes_;
};

}  // namespace protocol

#endif  // GOCHAIN_PROTOCOL_WIRE_MESSAGE_H_
