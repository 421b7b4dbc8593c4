// Flight: the bytes of one flight, as far as they have been sent. Plain value.
#ifndef GOCHAIN_CHAIN_FLIGHT_H_
#define GOCHAIN_CHAIN_FLIGHT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace chain {

class Flight {
 public:
  // Room for some ten hops as they usually are. One that doesn't fit begins the next flight.
  static constexpr size_t kCapacity = 2048;

  bool is_sent() const { return sent_ == size_; }
  std::span<const uint8_t> Outgoing() const {
    return std::span<const uint8_t>(bytes_).subspan(sent_, static_cast<size_t>(size_ - sent_));
  }
  void Sent(size_t count) { sent_ = static_cast<uint16_t>(sent_ + count); }

  std::span<uint8_t> Room() { return std::span<uint8_t>(bytes_).subspan(size_); }
  // The first `count` bytes of Room() are part of it.
  void Add(size_t count) { size_ = static_cast<uint16_t>(size_ + count); }
  void Clear() { size_ = sent_ = 0; }

 private:
  uint16_t size_ = 0;
  uint16_t sent_ = 0;
  std::array<uint8_t, kCapacity> bytes_;
};

}  // namespace chain

#endif  // GOCHAIN_CHAIN_FLIGHT_H_
