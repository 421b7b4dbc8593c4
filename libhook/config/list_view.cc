#include "config/list_view.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "config/rank_tree.h"

namespace config {
namespace {

uint64_t LoadBigEndian(const uint8_t* bytes) {
  uint64_t out;
  std::memcpy(&out, bytes, sizeof out);
  return __builtin_bswap64(out);
}

}  // namespace

NameSuffixes::NameSuffixes(std::string_view name) : name_(name) {
  if (name.empty()) {
    return;
  }
  ListHash hash;
  for (size_t i = name.size(); i > 0; --i) {
    if (name[i - 1] == '.') {
      if (size_ == kMost) {
        return;
      }
      hashes_[size_] = hash.value();
      starts_[size_++] = static_cast<uint32_t>(i);
    }
    hash.Add(name[i - 1]);
  }
  if (size_ < kMost) {
    hashes_[size_] = hash.value();
    starts_[size_++] = 0;
  }
}

base::Result<ListView> ListView::FromImage(std::span<const uint8_t> image) {
  const base::Error bad{EINVAL, "list image"};
  ListHeader header;
  if (image.size() < sizeof header ||
      reinterpret_cast<uintptr_t>(image.data()) % alignof(ListHeader) != 0) {
    return bad;
  }
  std::memcpy(&header, image.data(), sizeof header);
  if (header.magic != kListMagic || header.size != image.size()) {
    return bad;
  }
  ListView out;
  out.image_ = image;
  if (header.path_size > image.size() - sizeof header ||
      out.At<ListGroup>(header.groups, header.group_count) == nullptr) {
    return bad;
  }
  return out;
}

template <typename T>
const T* ListView::At(uint64_t offset, uint64_t count) const {
  if (offset % kListAlignment != 0 || offset > image_.size() ||
      count > (image_.size() - offset) / sizeof(T)) {
    return nullptr;
  }
  return reinterpret_cast<const T*>(image_.data() + offset);
}

ListKey ListView::key() const {
  return image_.empty() ? ListKey{} : reinterpret_cast<const ListHeader*>(image_.data())->key;
}

std::string_view ListView::path() const {
  if (image_.empty()) {
    return {};
  }
  const size_t size = reinterpret_cast<const ListHeader*>(image_.data())->path_size;
  const size_t room = image_.size() - sizeof(ListHeader);
  return {reinterpret_cast<const char*>(image_.data()) + sizeof(ListHeader), std::min(size, room)};
}

std::span<const ListGroup> ListView::groups() const {
  if (image_.empty()) {
    return {};
  }
  const auto* const header = reinterpret_cast<const ListHeader*>(image_.data());
  const size_t count = header->group_count;
  const ListGroup* const groups = At<ListGroup>(header->groups, count);
  return {groups, groups != nullptr ? count : 0};
}

bool ListView::TakesName(const ListGroup& group, const NameSuffixes& suffixes) const {
  // A copy: an image that changes meanwhile must not change what was checked.
  const ListNames names = group.names;
  const ListLine* const table = At<ListLine>(names.table, names.lines);
  const char* const text = At<char>(names.text, names.text_size);
  if (table == nullptr || text == nullptr || names.lines == 0 || names.home_lines > names.lines) {
    return false;
  }
  const auto is_whole = [&](size_t i) { return suffixes.text(i).size() == suffixes.name().size(); };
  const auto may_hold = [&](size_t i) {
    const uint64_t depths = is_whole(i) ? names.own_depths : names.suffix_depths;
    return (depths & ListDepthBit(i + 1)) != 0;
  };
  // All lines are asked for before the first is waited for.
  for (size_t i = 0; i < suffixes.size(); ++i) {
    if (may_hold(i)) {
      __builtin_prefetch(&table[ListHash::HomeLine(suffixes.hash(i), names.home_lines)]);
    }
  }
  for (size_t i = 0; i < suffixes.size(); ++i) {
    if (!may_hold(i)) {
      continue;
    }
    const std::string_view wanted = suffixes.text(i);
    const uint8_t kind = is_whole(i) ? kListSelf : kListBelow;
    const uint16_t tag = ListHash::Tag(suffixes.hash(i));
    for (size_t at = ListHash::HomeLine(suffixes.hash(i), names.home_lines); at < names.lines;
         ++at) {
      const ListLine& line = table[at];
      for (size_t slot = 0; slot < ListLine::kSlots; ++slot) {
        if (line.tags[slot] != tag) {
          continue;
        }
        const size_t offset = line.offsets[slot];
        if (offset + 2 + wanted.size() > names.text_size) {
          continue;
        }
        const char* const entry = text + offset;
        if ((static_cast<uint8_t>(entry[0]) & kind) != 0 &&
            static_cast<uint8_t>(entry[1]) == wanted.size() &&
            std::memcmp(entry + 2, wanted.data(), wanted.size()) == 0) {
          return true;
        }
      }
      if (line.overflows == 0) {
        break;
      }
    }
  }
  return false;
}

bool ListView::TakesAddress(const ListAddresses& v4, const ListAddresses& v6,
                            const base::IpAddress& address) const {
  if (address.is_v4()) {
    return TakesV4(v4, address.v4());
  }
  return TakesV6(v6, LoadBigEndian(address.bytes().data()),
                 LoadBigEndian(address.bytes().data() + 8));
}

bool ListView::TakesV4(const ListAddresses& addresses, uint32_t address) const {
  const ListAddresses set = addresses;
  const auto* const keys = At<uint32_t>(set.keys, RankTree<uint32_t>::Size(set.count));
  return keys != nullptr && RankTree<uint32_t>::Rank(keys, set.count, address) % 2 != 0;
}

bool ListView::TakesV6(const ListAddresses& addresses, uint64_t high, uint64_t low) const {
  const ListAddresses set = addresses;
  const auto* const keys = At<uint64_t>(set.keys, RankTree<uint64_t>::Size(set.count));
  if (keys == nullptr) {
    return false;
  }
  size_t rank = RankTree<uint64_t>::Rank(keys, set.count, high);
  if (set.low_halves == 0 || rank == 0 || keys[rank - 1] != high) {
    return rank % 2 != 0;
  }
  // Boundaries with this very upper half, some of them behind the address.
  const auto* const lows = At<uint64_t>(set.low_halves, set.count);
  if (lows == nullptr) {
    return false;
  }
  const size_t first = static_cast<size_t>(std::lower_bound(keys, keys + rank, high) - keys);
  rank = static_cast<size_t>(std::upper_bound(lows + first, lows + rank, low) - lows);
  return rank % 2 != 0;
}

std::string_view ListView::Globs(const ListGroup& group) const {
  const size_t size = group.glob_size;
  const char* const globs = At<char>(group.globs, size);
  return {globs, globs != nullptr ? size : 0};
}

std::string_view ListView::NextGlob(std::string_view* rest) {
  if (rest->size() < 2) {
    return {};
  }
  const size_t size = static_cast<uint8_t>(rest->front());
  const std::string_view glob = rest->substr(1, size);
  rest->remove_prefix(1 + glob.size());
  return glob;
}

size_t ListView::NameCount() const {
  size_t count = 0;
  for (const ListGroup& group : groups()) {
    count += group.names.count;
  }
  return count;
}

}  // namespace config
