#include "chain/health_table.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace chain {
namespace {

constexpr uint32_t kRetryMs = 1000;
using Sight = HealthTable::Sight;

class HealthTableTest : public testing::Test {
 protected:
  // Fails as a dial does that looked just before; true where it was news.
  bool Fail(size_t proxy, int64_t now_ms) {
    return table_.Failed(proxy, table_.See(proxy), now_ms);
  }

  std::vector<uint64_t> memory_ = std::vector<uint64_t>(HealthTable::RegionSize(3, 2) / 8);
  std::span<uint8_t> region_{reinterpret_cast<uint8_t*>(memory_.data()), memory_.size() * 8};
  HealthTable table_{region_, 3, kRetryMs};
};

TEST_F(HealthTableTest, TakesHopsForAliveAtFirst) {
  EXPECT_TRUE(table_.See(0).is_alive());
  EXPECT_EQ(table_.BackMs(table_.See(0)), 0);
  EXPECT_EQ(table_.Failures(table_.See(0)), 0u);
  EXPECT_FALSE(table_.Works(0, table_.See(0))) << "no news";
}

TEST_F(HealthTableTest, TellsEveryViewOfADeath) {
  ASSERT_TRUE(Fail(1, 5000));
  const HealthTable other(region_, 3, kRetryMs);
  EXPECT_FALSE(other.See(1).is_alive());
  EXPECT_EQ(other.BackMs(other.See(1)), 6000);
  EXPECT_TRUE(other.See(0).is_alive());
  EXPECT_TRUE(other.See(2).is_alive());
}

TEST_F(HealthTableTest, CountsADeathThatManySawOnce) {
  const Sight seen = table_.See(0);
  EXPECT_TRUE(table_.Failed(0, seen, 5000));
  EXPECT_FALSE(table_.Failed(0, seen, 5001));
  EXPECT_EQ(table_.Failures(table_.See(0)), 1u);
  EXPECT_EQ(table_.BackMs(table_.See(0)), 6000);
}

TEST_F(HealthTableTest, DoublesTheTimeUpToSixteenTimes) {
  int64_t now_ms = 5000;
  for (const int64_t times : {1, 2, 4, 8, 16, 16, 16}) {
    ASSERT_TRUE(Fail(0, now_ms));
    EXPECT_EQ(table_.LeftOutMs(table_.See(0)), times * kRetryMs);
    EXPECT_EQ(table_.BackMs(table_.See(0)), now_ms + times * kRetryMs);
    now_ms = table_.BackMs(table_.See(0));
  }
  for (int i = 0; i < 300; ++i) {
    now_ms = table_.BackMs(table_.See(0));
    ASSERT_TRUE(Fail(0, now_ms));
  }
  EXPECT_EQ(table_.LeftOutMs(table_.See(0)), 16 * kRetryMs);
}

TEST_F(HealthTableTest, KeepsTheLongestTimesWhole) {
  HealthTable slow(region_, 3, 3600 * 1000);
  for (int i = 0; i < 8; ++i) {
    ASSERT_TRUE(slow.Failed(0, slow.See(0), slow.BackMs(slow.See(0))));
  }
  EXPECT_EQ(slow.LeftOutMs(slow.See(0)), 16u * 3600 * 1000);
}

TEST_F(HealthTableTest, DoesNotCountWhoTriesBeforeItsTime) {
  ASSERT_TRUE(Fail(0, 5000));
  EXPECT_FALSE(Fail(0, 5500));
  EXPECT_EQ(table_.BackMs(table_.See(0)), 6000);
}

TEST_F(HealthTableTest, ForgetsFailuresOnceTheHopWorks) {
  ASSERT_TRUE(Fail(0, 5000));
  EXPECT_TRUE(table_.Works(0, table_.See(0)));
  EXPECT_FALSE(table_.Works(0, table_.See(0))) << "no news any more";
  ASSERT_TRUE(Fail(0, 7000));
  EXPECT_EQ(table_.LeftOutMs(table_.See(0)), kRetryMs);
}

TEST_F(HealthTableTest, LetsOneTryAHopWhoseTimeHasCome) {
  Sight seen;
  EXPECT_FALSE(table_.Claim(0, 5000, &seen)) << "it is alive";
  ASSERT_TRUE(Fail(0, 5000));
  EXPECT_FALSE(table_.Claim(0, 5999, &seen));
  ASSERT_TRUE(table_.Claim(0, 6000, &seen));
  EXPECT_EQ(seen, table_.See(0));
  Sight other;
  EXPECT_FALSE(table_.Claim(0, 6000, &other));
  EXPECT_FALSE(table_.Claim(0, 6999, &other));
  EXPECT_EQ(table_.Failures(table_.See(0)), 1u);
  EXPECT_TRUE(table_.Claim(0, 7000, &other)) << "the first one never came back";
}

TEST_F(HealthTableTest, TakesTheWordOfWhoHasClaimed) {
  ASSERT_TRUE(Fail(0, 5000));
  Sight seen;
  ASSERT_TRUE(table_.Claim(0, 6000, &seen));
  EXPECT_TRUE(table_.Failed(0, seen, 6100));
  EXPECT_EQ(table_.BackMs(table_.See(0)), 6100 + 2 * kRetryMs);
  ASSERT_TRUE(table_.Claim(0, 8100, &seen));
  EXPECT_TRUE(table_.Works(0, seen));
  EXPECT_TRUE(table_.See(0).is_alive());
}

TEST_F(HealthTableTest, IsNotBroughtBackByWhatWasUnderWay) {
  const Sight alive = table_.See(0);
  ASSERT_TRUE(Fail(0, 5000));
  EXPECT_FALSE(table_.Works(0, alive)) << "it was answered before the hop died";
  const Sight dead = table_.See(0);
  EXPECT_FALSE(dead.is_alive());
  Sight claimed;
  ASSERT_TRUE(table_.Claim(0, 6000, &claimed));
  EXPECT_FALSE(table_.Works(0, dead)) << "another one tries it";
  EXPECT_TRUE(table_.Works(0, claimed));
}

TEST_F(HealthTableTest, TakesAClaimBack) {
  ASSERT_TRUE(Fail(0, 5000));
  const Sight before = table_.See(0);
  Sight seen;
  ASSERT_TRUE(table_.Claim(0, 6000, &seen));
  table_.Release(0, seen, before);
  EXPECT_EQ(table_.See(0), before);
  ASSERT_TRUE(table_.Claim(0, 6000, &seen));
  ASSERT_TRUE(table_.Works(0, seen));
  table_.Release(0, seen, before);
  EXPECT_TRUE(table_.See(0).is_alive()) << "it was told of";
}

TEST_F(HealthTableTest, RemembersHowLongAConnectTook) {
  EXPECT_EQ(table_.ConnectUs(2), 0u);
  table_.SetConnectUs(2, 1234, 5000);
  EXPECT_EQ(table_.ConnectUs(2), 1234u);
  table_.SetConnectUs(2, 0, 5000);
  EXPECT_EQ(table_.ConnectUs(2), 1u) << "0 is unknown";
  table_.SetConnectUs(2, UINT32_MAX, 5000);
  EXPECT_GT(table_.ConnectUs(2), 10u * 1000 * 1000);
  EXPECT_EQ(table_.ConnectUs(1), 0u);
}

TEST_F(HealthTableTest, LetsOneMeasureWhatIsUnknownOrOld) {
  HealthTable::Measure claim;
  EXPECT_TRUE(table_.ClaimMeasure(0, 5000, &claim));
  EXPECT_FALSE(table_.ClaimMeasure(0, 5000, &claim));
  table_.SetConnectUs(0, 1234, 5000);
  EXPECT_FALSE(table_.ClaimMeasure(0, 5000 + HealthTable::kFreshMs - 1, &claim));
  EXPECT_TRUE(table_.ClaimMeasure(0, 5000 + HealthTable::kFreshMs, &claim));
  EXPECT_EQ(table_.ConnectUs(0), 1234u);
  EXPECT_FALSE(table_.ClaimMeasure(0, 5001 + HealthTable::kFreshMs, &claim));
}

TEST_F(HealthTableTest, LetsAnotherMeasureWhatTheFirstCouldNot) {
  HealthTable::Measure claim;
  ASSERT_TRUE(table_.ClaimMeasure(0, 5000, &claim));
  table_.ReleaseMeasure(0, claim);
  ASSERT_TRUE(table_.ClaimMeasure(0, 5001, &claim));
  table_.SetConnectUs(0, 1234, 5001);
  table_.ReleaseMeasure(0, claim);
  EXPECT_EQ(table_.ConnectUs(0), 1234u) << "what was found out stays";
  EXPECT_FALSE(table_.ClaimMeasure(0, 5002, &claim));
}

TEST_F(HealthTableTest, CountsTurnsOfEachChain) {
  EXPECT_EQ(table_.TakeTurns(0, 2), 0u);
  EXPECT_EQ(table_.TakeTurns(0, 2), 2u);
  EXPECT_EQ(table_.TakeTurns(1, 1), 0u);
  EXPECT_TRUE(table_.See(2).is_alive());
}

// Many threads find the same deaths, and try and clear the hop: each death is told once.
TEST_F(HealthTableTest, TellsEachDeathOnceAmongThreads) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 2000;
  std::atomic<int> deaths = 0;
  std::atomic<int> returns = 0;
  std::atomic<int> arrived = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int round = 0; round < kRounds; ++round) {
        const Sight seen = table_.See(0);
        // Nobody changes it before all have seen it.
        ++arrived;
        while (arrived < kThreads * (2 * round + 1)) {
          std::this_thread::yield();
        }
        deaths += table_.Failed(0, seen, 1 + round) ? 1 : 0;
        ++arrived;
        while (arrived < kThreads * (2 * round + 2)) {
          std::this_thread::yield();
        }
        returns += table_.Works(0, table_.See(0)) ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(deaths, kRounds);
  EXPECT_EQ(returns, kRounds);
}

TEST_F(HealthTableTest, GivesEachClaimToOneThread) {
  ASSERT_TRUE(Fail(0, 5000));
  std::atomic<int> claims = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int64_t now_ms = 5000; now_ms < 5000 + 100 * int64_t{kRetryMs}; now_ms += 10) {
        Sight seen;
        claims += table_.Claim(0, now_ms, &seen) ? 1 : 0;
        HealthTable::Measure measure;
        table_.ClaimMeasure(1, now_ms, &measure);
        table_.SetConnectUs(1, 7, now_ms);
        table_.TakeTurns(0, 1);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_GE(claims, 1);
  EXPECT_LE(claims, 100);
  EXPECT_EQ(table_.ConnectUs(1), 7u);
  EXPECT_EQ(table_.TakeTurns(0, 0), 4u * 100 * kRetryMs / 10);
}

}  // namespace
}  // namespace chain
