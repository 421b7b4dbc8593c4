#include "chain/selector.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "config/image_writer.h"

namespace chain {
namespace {

using config::ChainMode;

constexpr uint32_t kRetryMs = 1000;
constexpr ChainMode kModes[] = {ChainMode::kDynamic, ChainMode::kRandom, ChainMode::kRoundRobin,
                                ChainMode::kFailover, ChainMode::kFastest};

// A chain of hops a, b, c… behind a proxy that is none of its hops, and its health.
class Bench {
 public:
  Bench(ChainMode mode, size_t hops, uint16_t length = 1) {
    config::ImageWriter writer;
    writer.globals().retry_after_ms = kRetryMs;
    config::Chain chain;
    chain.name = writer.AddText("chain");
    chain.mode = mode;
    chain.length = length;
    for (size_t i = 0; i < hops + 1; ++i) {
      config::Proxy proxy;
      proxy.name = writer.AddText(std::string(1, static_cast<char>(i == 0 ? '?' : 'a' + i - 1)));
      proxy.host = writer.AddText("192.0.2.1");
      proxy.port = 1080;
      const uint16_t index = writer.AddProxy(proxy);
      if (i > 0) {
        chain.hops[chain.hop_count++] = index;
      }
    }
    writer.AddChain(chain);
    image_ = writer.Finish();
    config_ = config::Config::FromImage(image_).value();
    memory_.resize(HealthTable::RegionSize(hops + 1, 1) / 8);
    health = HealthTable({reinterpret_cast<uint8_t*>(memory_.data()), memory_.size() * 8}, hops + 1,
                         kRetryMs);
  }

  Selector Dial() { return {config_, {config::RouteKind::kChain, 0}, health, ++seed_}; }
  // "ab", the names of the next path's hops; "-" where there is none.
  std::string Next(Selector& selector) {
    Path path;
    return selector.Next(now_ms, &path) ? Names(path) : "-";
  }
  std::string First() {
    Selector selector = Dial();
    return Next(selector);
  }
  std::string Names(const Path& path) const {
    std::string out;
    for (size_t i = 0; i < path.size(); ++i) {
      out += config_.text(path.At(config_, i).name);
    }
    return out;
  }
  static uint16_t Index(char name) { return static_cast<uint16_t>(name - 'a' + 1); }
  void Kill(char name) { health.Failed(Index(name), health.See(Index(name)), now_ms); }
  void Revive(char name) { health.Works(Index(name), health.See(Index(name))); }

  int64_t now_ms = 100000;
  HealthTable health;

 private:
  std::vector<uint8_t> image_;
  config::Config config_;
  std::vector<uint64_t> memory_;
  uint64_t seed_ = 0;
};

TEST(SelectorTest, TakesAllThatAreAliveInDynamic) {
  Bench bench(ChainMode::kDynamic, 3);
  EXPECT_EQ(bench.First(), "abc");
  bench.Kill('b');
  EXPECT_EQ(bench.First(), "ac");
  bench.Kill('a');
  EXPECT_EQ(bench.First(), "c");
  bench.Revive('b');
  EXPECT_EQ(bench.First(), "bc");
}

TEST(SelectorTest, TakesTheFirstThatIsAliveInFailover) {
  Bench bench(ChainMode::kFailover, 3);
  EXPECT_EQ(bench.First(), "a");
  bench.Kill('a');
  EXPECT_EQ(bench.First(), "b");
  bench.Kill('b');
  EXPECT_EQ(bench.First(), "c");
  bench.Revive('a');
  EXPECT_EQ(bench.First(), "a");
}

TEST(SelectorTest, GoesOnWithoutWhatTheDialExcludes) {
  Bench bench(ChainMode::kFailover, 3);
  Selector dial = bench.Dial();
  EXPECT_EQ(bench.Next(dial), "a");
  dial.Exclude(Bench::Index('a'));
  EXPECT_EQ(bench.Next(dial), "b");
  dial.Exclude(Bench::Index('b'));
  EXPECT_EQ(bench.Next(dial), "c");
  dial.Exclude(Bench::Index('c'));
  EXPECT_EQ(bench.Next(dial), "-");
  dial.Allow(Bench::Index('b'));
  EXPECT_EQ(bench.Next(dial), "b");
}

TEST(SelectorTest, TriesTheOneThatComesBackSoonestWhereAllAreDead) {
  for (const ChainMode mode : {ChainMode::kFailover, ChainMode::kDynamic, ChainMode::kFastest}) {
    Bench bench(mode, 3);
    bench.Kill('b');
    bench.now_ms += 10;
    bench.Kill('a');
    bench.Kill('c');
    Selector dial = bench.Dial();
    EXPECT_EQ(bench.Next(dial), "b");
    EXPECT_TRUE(dial.is_last_resort());
    dial.Exclude(Bench::Index('b'));
    EXPECT_EQ(bench.Next(dial), "a");
    dial.Exclude(Bench::Index('a'));
    dial.EndLastResort();
    EXPECT_EQ(bench.Next(dial), "-");
  }
}

TEST(SelectorTest, LetsOneDialTryAHopWhoseTimeHasCome) {
  for (const ChainMode mode : {ChainMode::kFailover, ChainMode::kFastest}) {
    Bench bench(mode, 2);
    bench.health.SetConnectUs(Bench::Index('b'), 10, bench.now_ms);
    bench.Kill('a');
    bench.now_ms += kRetryMs;
    Selector dial = bench.Dial();
    EXPECT_EQ(bench.Next(dial), "a");
    EXPECT_FALSE(dial.is_last_resort());
    EXPECT_EQ(bench.First(), "b") << "the others wait for what comes of it";
    EXPECT_EQ(bench.Next(dial), "a") << "whose it is may try it again";
    dial.Finish();
    EXPECT_EQ(bench.First(), "a") << "nothing came of it";
  }
}

TEST(SelectorTest, PutsOneRevivedHopIntoAPath) {
  Bench bench(ChainMode::kDynamic, 3);
  bench.Kill('a');
  bench.Kill('c');
  bench.now_ms += kRetryMs;
  Selector one = bench.Dial();
  EXPECT_EQ(bench.Next(one), "ab");
  Selector other = bench.Dial();
  EXPECT_EQ(bench.Next(other), "bc");
  bench.Revive('a');
  EXPECT_EQ(bench.Next(one), "ab") << "c is the other's";
  bench.Revive('c');
  EXPECT_EQ(bench.Next(one), "abc");
}

TEST(SelectorTest, DrawsPathsOfThatLengthInRandom) {
  Bench bench(ChainMode::kRandom, 4, 2);
  std::map<std::string, int> seen;
  for (int i = 0; i < 12000; ++i) {
    ++seen[bench.First()];
  }
  EXPECT_EQ(seen.size(), 12u) << "all pairs, both ways round";
  for (const auto& [path, count] : seen) {
    EXPECT_EQ(path.size(), 2u);
    EXPECT_NEAR(count, 1000, 150) << path;
  }
}

TEST(SelectorTest, TakesHopsInTurnInRoundRobin) {
  Bench bench(ChainMode::kRoundRobin, 3);
  for (const std::string path : {"a", "b", "c", "a"}) {
    EXPECT_EQ(bench.First(), path);
  }
  Bench pairs(ChainMode::kRoundRobin, 3, 2);
  for (const std::string path : {"ab", "ca", "bc", "ab"}) {
    EXPECT_EQ(pairs.First(), path);
  }
}

TEST(SelectorTest, SpreadsEvenlyOverWhatIsAliveInRoundRobin) {
  Bench bench(ChainMode::kRoundRobin, 4);
  bench.Kill('b');
  std::map<std::string, int> seen;
  for (int i = 0; i < 300; ++i) {
    ++seen[bench.First()];
  }
  EXPECT_EQ(seen, (std::map<std::string, int>{{"a", 100}, {"c", 100}, {"d", 100}}));
}

TEST(SelectorTest, NeverShortensAPathOfAGivenLength) {
  for (const ChainMode mode : {ChainMode::kRandom, ChainMode::kRoundRobin}) {
    Bench bench(mode, 3, 2);
    bench.Kill('a');
    bench.now_ms += 10;
    bench.Kill('b');
    Selector dial = bench.Dial();
    EXPECT_EQ(bench.Next(dial), "ca") << "with the dead one that comes back first";
    EXPECT_TRUE(dial.is_last_resort());
    dial.Exclude(Bench::Index('a'));
    EXPECT_EQ(bench.Next(dial), "cb");
    dial.Exclude(Bench::Index('c'));
    EXPECT_EQ(bench.Next(dial), "-");
  }
}

TEST(SelectorTest, MeasuresEachHopOnceAndTakesTheFastest) {
  Bench bench(ChainMode::kFastest, 3);
  EXPECT_EQ(bench.First(), "a");
  EXPECT_EQ(bench.First(), "b");
  EXPECT_EQ(bench.First(), "c");
  bench.health.SetConnectUs(Bench::Index('a'), 300, bench.now_ms);
  bench.health.SetConnectUs(Bench::Index('b'), 200, bench.now_ms);
  EXPECT_EQ(bench.First(), "b");
  bench.health.SetConnectUs(Bench::Index('c'), 100, bench.now_ms);
  EXPECT_EQ(bench.First(), "c");
  bench.Kill('c');
  EXPECT_EQ(bench.First(), "b");
}

TEST(SelectorTest, MeasuresAgainWhatIsOld) {
  Bench bench(ChainMode::kFastest, 2);
  bench.health.SetConnectUs(Bench::Index('a'), 100, bench.now_ms);
  bench.now_ms += HealthTable::kFreshMs / 2;
  bench.health.SetConnectUs(Bench::Index('b'), 200, bench.now_ms);
  EXPECT_EQ(bench.First(), "a");
  bench.now_ms += HealthTable::kFreshMs / 2;
  bench.health.SetConnectUs(Bench::Index('a'), 100, bench.now_ms);
  bench.now_ms += HealthTable::kFreshMs / 2;
  EXPECT_EQ(bench.First(), "b") << "once";
  EXPECT_EQ(bench.First(), "a");
}

TEST(SelectorTest, TakesAnyWhileOthersMeasureAll) {
  Bench bench(ChainMode::kFastest, 3);
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    seen.insert(bench.First());
  }
  EXPECT_EQ(seen, (std::set<std::string>{"a", "b", "c"}));
}

TEST(SelectorTest, KnowsWhetherAnotherPathIsLeft) {
  Bench bench(ChainMode::kFailover, 2);
  Selector dial = bench.Dial();
  EXPECT_TRUE(dial.HasOther());
  bench.Kill('a');
  EXPECT_TRUE(dial.HasOther());
  dial.Exclude(Bench::Index('b'));
  EXPECT_FALSE(dial.HasOther());
  Bench pairs(ChainMode::kRandom, 3, 2);
  Selector pair = pairs.Dial();
  pairs.Kill('a');
  EXPECT_TRUE(pair.HasOther());
  pairs.Kill('b');
  EXPECT_FALSE(pair.HasOther());
}

TEST(SelectorTest, RemembersWhatItSawOfAHop) {
  Bench bench(ChainMode::kFailover, 2);
  Selector dial = bench.Dial();
  ASSERT_EQ(bench.Next(dial), "a");
  EXPECT_TRUE(dial.Seen(Bench::Index('a')).is_alive());
  bench.Kill('a');
  EXPECT_TRUE(dial.Seen(Bench::Index('a')).is_alive());
  EXPECT_NE(dial.Seen(Bench::Index('a')), bench.health.See(Bench::Index('a')));
}

// Whatever the mode, the health and what fails: no hop twice in a path, none that was excluded, the
// length that was asked for, and an end.
TEST(SelectorTest, HoldsItsPromisesInAnyState) {
  std::mt19937 random(7);
  const auto draw = [&](size_t below) { return random() % below; };
  for (int round = 0; round < 20000; ++round) {
    const ChainMode mode = kModes[draw(std::size(kModes))];
    const size_t hops = 1 + draw(config::kMaxHops);
    const auto length = static_cast<uint16_t>(1 + draw(hops));
    const bool drawn = mode == ChainMode::kRandom || mode == ChainMode::kRoundRobin;
    Bench bench(mode, hops, drawn ? length : uint16_t{1});
    for (size_t i = 0; i < hops; ++i) {
      if (draw(2) == 0) {
        bench.Kill(static_cast<char>('a' + i));
      }
      bench.now_ms += static_cast<int64_t>(draw(kRetryMs));
    }
    Selector dial = bench.Dial();
    std::set<char> excluded;
    size_t tries = 0;
    std::string path;
    while ((path = bench.Next(dial)) != "-") {
      ASSERT_LE(++tries, hops);
      const std::set<char> distinct(path.begin(), path.end());
      ASSERT_EQ(distinct.size(), path.size()) << path;
      for (const char hop : path) {
        ASSERT_EQ(excluded.count(hop), 0u) << path;
      }
      if (drawn) {
        ASSERT_EQ(path.size(), length);
      } else if (mode == ChainMode::kDynamic) {
        ASSERT_TRUE(std::is_sorted(path.begin(), path.end())) << path;
      } else {
        ASSERT_EQ(path.size(), 1u);
      }
      const char bad = path[draw(path.size())];
      excluded.insert(bad);
      dial.Exclude(Bench::Index(bad));
      if (draw(3) != 0) {
        bench.health.Failed(Bench::Index(bad), dial.Seen(Bench::Index(bad)), bench.now_ms);
      }
      bench.now_ms += static_cast<int64_t>(draw(kRetryMs));
    }
    if (!drawn) {
      ASSERT_EQ(tries, hops) << "each hop was tried in the end";
    }
  }
}

}  // namespace
}  // namespace chain
