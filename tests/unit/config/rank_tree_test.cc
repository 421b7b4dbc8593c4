#include "config/rank_tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace config {
namespace {

template <typename Key>
size_t Rank(const std::vector<Key>& sorted, Key x) {
  const std::vector<Key> tree = RankTree<Key>::Make(sorted);
  EXPECT_EQ(tree.size(), RankTree<Key>::Size(sorted.size()));
  return RankTree<Key>::Rank(tree.data(), sorted.size(), x);
}

TEST(RankTreeTest, CountsKeysUpToX) {
  const std::vector<uint32_t> keys = {2, 4, 4, 9};
  EXPECT_EQ(Rank(keys, 1u), 0u);
  EXPECT_EQ(Rank(keys, 2u), 1u);
  EXPECT_EQ(Rank(keys, 4u), 3u);
  EXPECT_EQ(Rank(keys, 8u), 3u);
  EXPECT_EQ(Rank(keys, 0xffffffffu), 4u);
  EXPECT_EQ(Rank<uint32_t>({}, 7), 0u);
}

// Sizes about whole lines and whole levels, and x at every key and beside it.
TEST(RankTreeTest, EqualsABinarySearchAtEverySize) {
  std::mt19937_64 random(1);
  for (const size_t size : {1, 15, 16, 17, 255, 256, 257, 271, 272, 273, 4095, 4096, 4097, 5000}) {
    std::vector<uint64_t> keys(size);
    for (uint64_t& key : keys) {
      key = random() % (size * 3);
    }
    keys.back() = ~uint64_t{0};
    std::sort(keys.begin(), keys.end());
    const std::vector<uint64_t> tree = RankTree<uint64_t>::Make(keys);
    for (const uint64_t key : keys) {
      for (const uint64_t x : {key - 1, key, key + 1}) {
        const auto expected = std::upper_bound(keys.begin(), keys.end(), x) - keys.begin();
        ASSERT_EQ(RankTree<uint64_t>::Rank(tree.data(), size, x), static_cast<size_t>(expected))
            << size << " " << x;
      }
    }
  }
}

TEST(RankTreeTest, StaysInsideATreeOfAnyBytes) {
  std::mt19937_64 random(2);
  for (size_t size = 0; size < 600; ++size) {
    std::vector<uint32_t> tree(RankTree<uint32_t>::Size(size));
    for (uint32_t& key : tree) {
      key = static_cast<uint32_t>(random());
    }
    EXPECT_LE(RankTree<uint32_t>::Rank(tree.data(), size, static_cast<uint32_t>(random())), size);
  }
}

}  // namespace
}  // namespace config
