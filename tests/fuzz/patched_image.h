// An image that was good, with bytes of it changed and its end cut off.
//
// Fuzzing starts from what the code at hand writes, so no seed grows old when the layout changes.
#ifndef GOCHAIN_TESTS_FUZZ_PATCHED_IMAGE_H_
#define GOCHAIN_TESTS_FUZZ_PATCHED_IMAGE_H_

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace fuzz {

class PatchedImage {
 public:
  // An input is how many bytes are cut off (2 bytes), then changes: where (4 bytes, modulo the
  // image's size) and what is put there (4 bytes).
  PatchedImage(std::span<const uint8_t> good, std::span<const uint8_t> input)
      : words_((good.size() + 7) / 8), size_(good.size()) {
    auto* const bytes = reinterpret_cast<uint8_t*>(words_.data());
    std::memcpy(bytes, good.data(), good.size());
    uint16_t cut = 0;
    if (input.size() >= sizeof cut) {
      std::memcpy(&cut, input.data(), sizeof cut);
      input = input.subspan(sizeof cut);
    }
    for (; input.size() >= 8; input = input.subspan(8)) {
      uint32_t where = 0;
      std::memcpy(&where, input.data(), sizeof where);
      where %= static_cast<uint32_t>(good.size());
      std::memcpy(bytes + where, &input[4], std::min<size_t>(4, good.size() - where));
    }
    size_ -= std::min<size_t>(cut, size_);
    words_.resize((size_ + 7) / 8);
    words_.shrink_to_fit();  // what is read behind the end is seen
  }

  // Aligned as a mapped image is.
  std::span<uint8_t> bytes() { return {reinterpret_cast<uint8_t*>(words_.data()), size_}; }

 private:
  std::vector<uint64_t> words_;
  size_t size_;
};

}  // namespace fuzz

#endif  // GOCHAIN_TESTS_FUZZ_PATCHED_IMAGE_H_
