// The layout of a compiled list, shared by its writer and its reader.
//
// Header, the list file's path, then parts that a header or a group refers to by their offset from
// the image's first byte; every part begins at a multiple of 64. The patterns of one port range
// make a group, and most lists have one. Numbers have the machine's own byte order: an image leaves
// its machine no more than a cache does.
#ifndef GOCHAIN_CONFIG_LIST_FORMAT_H_
#define GOCHAIN_CONFIG_LIST_FORMAT_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace config {

// Which state of which file an image was made of.
struct ListKey {
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t size = 0;
  int64_t mtime_ns = 0;
  int64_t ctime_ns = 0;
  friend bool operator==(const ListKey&, const ListKey&) = default;
};

struct ListHeader {
  uint64_t magic = 0;
  uint64_t size = 0;  // of the whole image
  ListKey key;        // zeros: the image is for one run
  uint32_t path_size = 0;
  uint32_t group_count = 0;
  uint64_t groups = 0;
};

// "gochain" and a number that changes with the layout, with what a pattern means, and with the
// hash.
inline constexpr uint64_t kListMagic = 0x6e696168636f6701;
inline constexpr size_t kListAlignment = 64;

// Addresses as the boundaries between what is in the set and what is not, in rising order: an
// address is in it where the number of boundaries at or before it is odd. Of IPv6, `keys` is a
// RankTree of the upper halves and `low_halves` an array of the lower ones, 0: all of them are 0.
struct ListAddresses {
  uint32_t count = 0;
  uint32_t reserved = 0;
  uint64_t keys = 0;
  uint64_t low_halves = 0;
};

// The names of a group, as a hash table of lines of the cache that refer to entries in a text.
struct ListNames {
  uint32_t home_lines = 0;  // those that a hash can choose
  uint32_t lines = 0;       // more: what the last of them has no room for
  uint64_t table = 0;
  uint64_t text = 0;
  uint32_t text_size = 0;
  uint32_t count = 0;
  // Bit n: a name of n labels (63: or more) is there, by itself or with what lies below it.
  uint64_t own_depths = 0;
  uint64_t suffix_depths = 0;
};

// A full line that has no room for a name says so, and the name is in the next one, or the next.
struct ListLine {
  static constexpr size_t kSlots = 10;
  uint16_t tags[kSlots] = {};  // 0: free
  uint16_t overflows = 0;
  uint16_t reserved = 0;
  uint32_t offsets[kSlots] = {};  // into the text
};
static_assert(sizeof(ListLine) == 64);

// An entry of the names' text: what it takes, its length, its bytes.
enum ListNameKind : uint8_t { kListSelf = 1, kListBelow = 2 };

struct ListGroup {
  uint16_t low_port = 0;
  uint16_t high_port = 65535;
  uint8_t any = 0;       // * or a port alone
  uint8_t loopback = 0;  // @loopback
  uint8_t private_ = 0;  // @private
  uint8_t reserved = 0;
  uint32_t glob_count = 0;
  uint32_t glob_size = 0;
  uint64_t globs = 0;  // each with its length in front
  ListNames names;
  ListAddresses v4;
  ListAddresses v6;
  // Those that are one address, and those inside 127.0.0.0/8: loopback and first hops go by them.
  ListAddresses single_v4;
  ListAddresses single_v6;
  ListAddresses loopback_v4;
};

static_assert(std::is_trivially_copyable_v<ListHeader> && std::is_trivially_copyable_v<ListGroup>);

// Hashes a name's suffixes from its last byte on, so that one pass hashes them all.
class ListHash {
 public:
  void Add(char c) { state_ = (state_ ^ static_cast<uint8_t>(c)) * 0x9e3779b97f4a7c15u; }
  uint64_t value() const {
    uint64_t h = state_;
    h = (h ^ (h >> 32)) * 0xd6e8feb86659fd93u;
    return h ^ (h >> 32);
  }

  static uint64_t Of(std::string_view text) {
    ListHash hash;
    for (size_t i = text.size(); i > 0; --i) {
      hash.Add(text[i - 1]);
    }
    return hash.value();
  }
  // The home line rises with the hash, so that names in the order of their hashes fill the table.
  static uint32_t HomeLine(uint64_t hash, uint32_t home_lines) {
    return static_cast<uint32_t>(((hash >> 32) * home_lines) >> 32);
  }
  static uint16_t Tag(uint64_t hash) {
    const auto tag = static_cast<uint16_t>(hash);
    return tag != 0 ? tag : 1;
  }

 private:
  uint64_t state_ = 0x243f6a8885a308d3u;
};

constexpr uint64_t ListDepthBit(size_t labels) {
  return uint64_t{1} << (labels < 63 ? labels : 63);
}

}  // namespace config

#endif  // GOCHAIN_CONFIG_LIST_FORMAT_H_
