#include "engine/said_table.h"

#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <vector>

namespace engine {
namespace {

TEST(SaidTableTest, GivesTheTurnToOneOfManyThreads) {
  alignas(uint32_t) std::array<uint8_t, SaidTable::RegionSize()> region{};
  std::atomic<int> turns = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      SaidTable table(region);
      turns += table.TakeTurn(SaidOnce::kOtherRules) ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(turns, 1);
}

}  // namespace
}  // namespace engine
