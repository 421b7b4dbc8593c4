// RankTree: counts the keys of a sorted array that are at most x, in a few cache lines.
//
// A static B+-tree without pointers: level 0 is the sorted keys, each level above has the first key
// of every line of sixteen below. How the keys lie doesn't matter, unlike with an index of their
// leading bits. Any bytes make a tree that can be read without leaving it. Pure, async-signal-safe.
#ifndef GOCHAIN_CONFIG_RANK_TREE_H_
#define GOCHAIN_CONFIG_RANK_TREE_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <vector>

namespace config {

template <typename Key>
class RankTree {
 public:
  static constexpr size_t kFan = 16;  // one or two lines of the cache, which come at once

  // The tree's size in keys, all levels with their padding.
  static constexpr size_t Size(size_t count) {
    size_t size = 0;
    for (size_t lines = Lines(count);; lines = Lines(lines)) {
      size += lines * kFan;
      if (lines <= 1) {
        return size;
      }
    }
  }

  // REQUIRES: `sorted` is ascending.
  static std::vector<Key> Make(std::span<const Key> sorted) {
    std::vector<Key> tree(Size(sorted.size()), std::numeric_limits<Key>::max());
    if (sorted.empty()) {
      return tree;
    }
    std::memcpy(tree.data(), sorted.data(), sorted.size_bytes());
    size_t below = 0;
    for (size_t lines = Lines(sorted.size()); lines > 1; lines = Lines(lines)) {
      const size_t level = below + lines * kFan;
      for (size_t i = 0; i < lines; ++i) {
        tree[level + i] = tree[below + i * kFan];
      }
      below = level;
    }
    return tree;
  }

  // How many of the `count` keys are <= x. REQUIRES: Size(count) keys lie at `tree`.
  static size_t Rank(const Key* tree, size_t count, Key x) {
    size_t level_start[kMaxLevels];
    size_t level_lines[kMaxLevels];
    size_t levels = 0;
    size_t start = 0;
    for (size_t lines = Lines(count); lines > 0; lines = lines > 1 ? Lines(lines) : 0) {
      level_start[levels] = start;
      level_lines[levels++] = lines;
      start += lines * kFan;
    }
    size_t line = 0;
    while (levels > 1) {
      --levels;
      const size_t below = CountUpTo(tree + level_start[levels] + line * kFan, x);
      // 0 is for what lies before the first key; the padding counts where x is the largest key.
      line = line * kFan + (below > 0 ? below - 1 : 0);
      line = line < level_lines[levels - 1] ? line : level_lines[levels - 1] - 1;
    }
    if (levels == 0) {
      return 0;
    }
    const size_t rank = line * kFan + CountUpTo(tree + line * kFan, x);
    return rank < count ? rank : count;
  }

 private:
  static constexpr size_t kMaxLevels = 24;  // more than 2^64 keys need

  static constexpr size_t Lines(size_t keys) { return keys / kFan + (keys % kFan != 0 ? 1 : 0); }

  static size_t CountUpTo(const Key* line, Key x) {
    // A count as wide as the keys, which compilers turn into vectors.
    Key count = 0;
    for (size_t i = 0; i < kFan; ++i) {
      count += line[i] <= x ? 1 : 0;
    }
    return static_cast<size_t>(count);
  }
};

}  // namespace config

#endif  // GOCHAIN_CONFIG_RANK_TREE_H_
