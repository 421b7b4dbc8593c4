#include "engine/ready_table.h"

#include <gtest/gtest.h>

#include <array>

namespace engine {
namespace {

class ReadyTableTest : public testing::Test {
 protected:
  alignas(8) std::array<uint8_t, ReadyTable::RegionSize(2)> region_{};
  ReadyTable table_{region_};
};

TEST_F(ReadyTableTest, LetsEverybodyAskWhereThereIsOne) {
  table_.SetCount(1, 1);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(table_.MayAsk(1, true, 10000));
  }
}

TEST_F(ReadyTableTest, LetsOneTellFromTimeToTimeWhereThereIsNone) {
  EXPECT_TRUE(table_.MayAsk(0, true, 10000));
  EXPECT_FALSE(table_.MayAsk(0, true, 10001));
  EXPECT_TRUE(table_.MayAsk(1, true, 10001));
  EXPECT_TRUE(table_.MayAsk(0, true, 11000));
}

TEST_F(ReadyTableTest, LeavesTheFirstDialAloneWhereThatIsWanted) {
  EXPECT_FALSE(table_.MayAsk(0, false, 10000));
  EXPECT_FALSE(table_.MayAsk(1, false, 10000));
  EXPECT_TRUE(table_.MayAsk(0, false, 10000));
  EXPECT_FALSE(table_.MayAsk(0, false, 10001));
}

TEST_F(ReadyTableTest, KnowsNothingOfOtherProxies) {
  table_.SetCount(2, 1);
  EXPECT_FALSE(table_.MayAsk(2, true, 10000));
  EXPECT_FALSE(ReadyTable().MayAsk(0, true, 10000));
}

}  // namespace
}  // namespace engine
