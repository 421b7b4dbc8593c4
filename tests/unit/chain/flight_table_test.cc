#include "chain/flight_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace chain {
namespace {

using protocol::Socks5Method;
using Answer = FlightTable::Answer;
using Feat = FlightTable::Feat;

class FlightTableTest : public testing::Test {
 protected:
  static Path PathOf(const std::vector<uint16_t>& hops) {
    Path path;
    for (const uint16_t hop : hops) path.Add(hop);
    return path;
  }
  static std::vector<uint16_t> HopsOf(const Path& path) {
    std::vector<uint16_t> hops;
    for (size_t i = 0; i < path.size(); ++i) hops.push_back(path[i]);
    return hops;
  }

  static constexpr size_t kProxies = 20;
  std::vector<uint64_t> memory_ = std::vector<uint64_t>(FlightTable::RegionSize(kProxies) / 8);
  std::span<uint8_t> region_{reinterpret_cast<uint8_t*>(memory_.data()), memory_.size() * 8};
  FlightTable table_{region_, kProxies};
};

TEST_F(FlightTableTest, KnowsNothingAtFirst) {
  EXPECT_TRUE(table_.Of(0).is_empty());
  EXPECT_FALSE(table_.HasNews(0));
  EXPECT_FALSE(table_.IsSure(0, 1000));
  EXPECT_FALSE(table_.HasTrial());
}

TEST_F(FlightTableTest, TellsEveryViewWhatIsNoted) {
  table_.Note(1, Feat::kOwnMessages, true);
  table_.Note(1, Feat::kPassesOn, false);
  table_.NoteMethod(1, Socks5Method::kPassword);
  const FlightTable other(region_, kProxies);
  EXPECT_EQ(other.Of(1),
            (FlightTable::Knowledge{Answer::kYes, Answer::kNo, Socks5Method::kPassword}));
  EXPECT_TRUE(other.Of(0).is_empty());
  EXPECT_TRUE(other.Of(2).is_empty());
  table_.Note(1, Feat::kOwnMessages, false);
  EXPECT_EQ(other.Of(1).own, Answer::kNo);
}

TEST_F(FlightTableTest, HasNoNewsInWhatItWasToldAnyway) {
  const FlightTable::Knowledge known{Answer::kYes, Answer::kUnknown, Socks5Method::kNone};
  table_.Preset(3, known);
  table_.Note(3, Feat::kOwnMessages, true);
  table_.NoteMethod(3, Socks5Method::kNone);
  EXPECT_EQ(table_.Of(3), known);
  EXPECT_FALSE(table_.HasNews(3));
  table_.Note(3, Feat::kPassesOn, true);
  EXPECT_TRUE(table_.HasNews(3));
}

TEST_F(FlightTableTest, IsSureForAWhile) {
  for (const int64_t now_ms : {int64_t{0}, int64_t{5000}, int64_t{1} << 41}) {
    table_.SetSure(0, now_ms);
    EXPECT_TRUE(table_.IsSure(0, now_ms));
    EXPECT_TRUE(table_.IsSure(0, now_ms + FlightTable::kSureMs - 1000));
    EXPECT_FALSE(table_.IsSure(0, now_ms + FlightTable::kSureMs));
  }
  EXPECT_TRUE(table_.Of(0).is_empty());
}

TEST_F(FlightTableTest, CountsTrialsUpToTheirMost) {
  for (unsigned i = 0; i < FlightTable::kMaxTrials + 2; ++i) {
    EXPECT_EQ(table_.Trials(0), std::min(i, FlightTable::kMaxTrials));
    table_.CountTrial(0);
  }
  EXPECT_TRUE(table_.Of(0).is_empty());
  EXPECT_EQ(table_.Trials(1), 0u);
}

TEST_F(FlightTableTest, HandsPathsOver) {
  for (size_t size = 1; size <= config::kMaxHops; ++size) {
    std::vector<uint16_t> hops;
    for (size_t i = 0; i < size; ++i) hops.push_back(static_cast<uint16_t>(kProxies - 1 - i));
    table_.AskForTrial(PathOf(hops));
    table_.AskForTrial(PathOf({7}));
    EXPECT_TRUE(table_.HasTrial());
    EXPECT_EQ(HopsOf(table_.WaitForPath()), hops);
    table_.AskForTrial(PathOf({8}));
    EXPECT_TRUE(table_.HasTrial()) << "still at work";
    table_.EndTrial();
    EXPECT_FALSE(table_.HasTrial()) << "what was asked for meanwhile isn't kept";
  }
}

TEST_F(FlightTableTest, WakesWhoWaits) {
  std::atomic<size_t> size = 0;
  std::thread waiting([&] { size = table_.WaitForPath().size(); });
  while (!table_.HasTrial() && size == 0) table_.AskForTrial(PathOf({1, 2}));
  waiting.join();
  EXPECT_EQ(size, 2u);
}

TEST_F(FlightTableTest, ReadsNothingOutsideItsTypesFromASpoiltRegion) {
  std::ranges::fill(memory_, ~uint64_t{0});
  EXPECT_TRUE(table_.Of(5).is_empty());
  EXPECT_TRUE(table_.Of(kProxies + 1).is_empty());
  table_.Note(kProxies + 1, Feat::kOwnMessages, true);
  // A path that there can't be is passed over.
  std::ranges::fill(memory_, 0);
  table_.AskForTrial(PathOf({kProxies}));
  std::atomic<bool> done = false;
  std::thread waiting([&] {
    EXPECT_EQ(HopsOf(table_.WaitForPath()), std::vector<uint16_t>{1});
    done = true;
  });
  while (!done) table_.AskForTrial(PathOf({1}));
  waiting.join();
}

TEST_F(FlightTableTest, LosesNothingWhereManyNoteAtOnce) {
  std::vector<std::thread> threads;
  threads.emplace_back([&] { table_.Note(0, Feat::kOwnMessages, true); });
  threads.emplace_back([&] { table_.Note(0, Feat::kPassesOn, true); });
  threads.emplace_back([&] { table_.NoteMethod(0, Socks5Method::kNone); });
  threads.emplace_back([&] { table_.SetSure(0, 1000); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(table_.Of(0),
            (FlightTable::Knowledge{Answer::kYes, Answer::kYes, Socks5Method::kNone}));
  EXPECT_TRUE(table_.IsSure(0, 1000));
}

}  // namespace
}  // namespace chain
