// ListView: reads a compiled list.
//
// A non-owning view of an image that every process of the tree maps. An image can be a file of a
// cache, which whoever may write there can fill with anything: making a view checks the header
// alone, in constant time, and every later read stays inside the image whatever it holds; what a
// broken image answers is of no worth. Async-signal-safe, allocates nothing, any thread.
#ifndef GOCHAIN_CONFIG_LIST_VIEW_H_
#define GOCHAIN_CONFIG_LIST_VIEW_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/endpoint.h"
#include "base/result.h"
#include "config/list_format.h"

namespace config {

// A name and all that stands behind its dots, hashed: "a.b.c", "b.c", "c".
class NameSuffixes {
 public:
  // `name` is in lower case and without a final dot, and outlives this.
  explicit NameSuffixes(std::string_view name);

  std::string_view name() const { return name_; }
  size_t size() const { return size_; }
  // Suffix i has i + 1 labels.
  uint64_t hash(size_t i) const { return hashes_[i]; }
  std::string_view text(size_t i) const { return name_.substr(starts_[i]); }

 private:
  // A name of 253 bytes has 127 labels; of a longer one nothing but suffixes can be in a list.
  static constexpr size_t kMost = 127;

  std::string_view name_;
  size_t size_ = 0;
  std::array<uint64_t, kMost> hashes_;
  std::array<uint32_t, kMost> starts_;
};

class ListView {
 public:
  constexpr ListView() = default;  // of a list without patterns

  static base::Result<ListView> FromImage(std::span<const uint8_t> image);

  std::span<const uint8_t> image() const { return image_; }
  ListKey key() const;
  std::string_view path() const;  // absolute; of the file that the list was made of

  std::span<const ListGroup> groups() const;
  // Is the name in `group` itself, or below one that is there with all below it?
  bool TakesName(const ListGroup& group, const NameSuffixes& suffixes) const;
  // `v4` or `v6`, as the address is.
  bool TakesAddress(const ListAddresses& v4, const ListAddresses& v6,
                    const base::IpAddress& address) const;
  // The group's globs, one after the other: `*rest` is all of them at first. Empty: no more.
  std::string_view Globs(const ListGroup& group) const;
  static std::string_view NextGlob(std::string_view* rest);

  size_t NameCount() const;  // of all groups; what it takes the space for, in benchmarks and tests

 private:
  // `count` records at `offset`, or nullptr where they don't lie in the image.
  template <typename T>
  const T* At(uint64_t offset, uint64_t count) const;
  bool TakesV4(const ListAddresses& addresses, uint32_t address) const;
  bool TakesV6(const ListAddresses& addresses, uint64_t high, uint64_t low) const;

  std::span<const uint8_t> image_;
};

}  // namespace config

#endif  // GOCHAIN_CONFIG_LIST_VIEW_H_
