#include "engine/path_choice.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>
#include <string>

#include "../config/rules_text.h"
#include "../temp_folder.h"
#include "base/clock.h"

namespace engine {
namespace {

using base::Cause;
using base::Failure;
using Speaker = base::Failure::Speaker;

constexpr int64_t kLongMs = 60 * 1000;

Failure Of(Cause cause, uint8_t hop = 0, Speaker speaker = Speaker::kHop, uint16_t code = 0) {
  Failure out;
  out.cause = cause;
  out.speaker = speaker;
  out.hop = hop;
  out.code = code;
  return out;
}
Failure Refused(uint8_t hop = 0) { return Of(Cause::kRefused, hop, Speaker::kHop, ECONNREFUSED); }
Failure RefusedByTarget(uint8_t hop = 0) { return Of(Cause::kRefused, hop, Speaker::kTarget, 5); }
Failure Silent(uint8_t hop = 0) { return Of(Cause::kTimedOut, hop, Speaker::kNobody); }

// A session with a chain of three hops a, b and c.
class PathChoiceTest : public testing::Test {
 protected:
  void Use(const std::string& mode, const std::string& retry_after = "30") {
    const config::BuiltText built(
        "[gochain]\nretry_after = " + retry_after +
        "\n[proxy a]\nurl = socks5://192.0.2.1\n[proxy b]\nurl = http://192.0.2.2:3128\n"
        "[proxy c]\nurl = socks5://[2001:db8::3]\n[chain all]\nhops = a b c\nmode = " +
        mode + "\n");
    ASSERT_EQ(built.Complaints(), "");
    Settings settings;
    settings.log_level = LogLevel::kInfo;
    const std::string log = folder_ / "log";
    log.copy(settings.log_file.data(), settings.log_file.size() - 1);
    auto created = Session::Create(settings, built.image(), built.lists());
    ASSERT_TRUE(created.ok());
    session_ = created->session;
  }

  static constexpr config::Route kRoute{config::RouteKind::kChain, 0};

  // "ab", or "-" where there is none.
  std::string Next(PathChoice& choice) {
    chain::Path path;
    if (!choice.Next(&path)) {
      return "-";
    }
    std::string out;
    for (size_t i = 0; i < path.size(); ++i) {
      out += session_.config().text(path.At(session_.config(), i).name);
    }
    return out;
  }
  bool IsAlive(char hop) {
    return session_.health().See(static_cast<size_t>(hop - 'a')).is_alive();
  }
  std::string Alive() {
    std::string out;
    for (const char hop : {'a', 'b', 'c'}) {
      out += IsAlive(hop) ? std::string(1, hop) : "";
    }
    return out;
  }
  std::string Log() {
    std::ifstream file(folder_ / "log");
    return {std::istreambuf_iterator<char>(file), {}};
  }
  int64_t Later() { return base::NowMs() + kLongMs; }

  TempFolder folder_;
  Session session_;
};

TEST_F(PathChoiceTest, HasOnePathInStrict) {
  Use("strict");
  PathChoice choice(session_, kRoute, Later());
  EXPECT_EQ(choice.doubt(), nullptr);
  EXPECT_EQ(Next(choice), "abc");
  EXPECT_FALSE(choice.GoesOnAfter(Refused()));
  EXPECT_EQ(Next(choice), "-");
  EXPECT_EQ(Alive(), "abc");
  EXPECT_EQ(Log(), "");
}

TEST_F(PathChoiceTest, GoesOnWithoutTheHopThatFailed) {
  Use("failover");
  PathChoice choice(session_, kRoute, Later());
  EXPECT_EQ(Next(choice), "a");
  EXPECT_TRUE(choice.GoesOnAfter(Refused()));
  EXPECT_EQ(Next(choice), "b");
  choice.Up();
  EXPECT_EQ(Alive(), "bc");
  EXPECT_EQ(Log(),
            "gochain: hop a (socks5 192.0.2.1:1080) is down: connection refused; left out for 30 "
            "s\n");
  PathChoice next(session_, kRoute, Later());
  EXPECT_EQ(Next(next), "b");
}

TEST_F(PathChoiceTest, TellsOfADeathOnceAndOfTheReturn) {
  Use("failover", "0.25");
  PathChoice one(session_, kRoute, Later());
  PathChoice other(session_, kRoute, Later());
  ASSERT_EQ(Next(one), "a");
  ASSERT_EQ(Next(other), "a");
  EXPECT_TRUE(one.GoesOnAfter(Refused()));
  EXPECT_TRUE(other.GoesOnAfter(Refused()));
  EXPECT_EQ(Next(other), "b");
  const int64_t back_ms = session_.health().BackMs(session_.health().See(0));
  while (base::NowMs() < back_ms) {
  }
  PathChoice third(session_, kRoute, Later());
  ASSERT_EQ(Next(third), "a");
  third.Up();
  EXPECT_EQ(Log(),
            "gochain: hop a (socks5 192.0.2.1:1080) is down: connection refused; left out for "
            "0.25 s\ngochain: hop a is up again\n");
}

TEST_F(PathChoiceTest, SaysWhoToldOfADeath) {
  Use("dynamic");
  PathChoice choice(session_, kRoute, Later());
  EXPECT_EQ(Next(choice), "abc");
  EXPECT_TRUE(choice.GoesOnAfter(RefusedByTarget(1)));
  EXPECT_EQ(Next(choice), "ab");
  EXPECT_EQ(Alive(), "ab");
  EXPECT_EQ(Log(),
            "gochain: hop c (socks5 [2001:db8::3]:1080) is down: connection refused, says b; left "
            "out for 30 s\n");
}

TEST_F(PathChoiceTest, EndsWhereTheTargetIsAtFault) {
  for (const Failure& failure :
       {RefusedByTarget(), Of(Cause::kForbidden, 0, Speaker::kHop, 403),
        Of(Cause::kTimedOut, 0, Speaker::kTarget, 504), Of(Cause::kLocal, 0, Speaker::kHop, EMFILE),
        Of(Cause::kRelay, 0, Speaker::kHop, ECONNREFUSED)}) {
    Use("failover");
    PathChoice choice(session_, kRoute, Later());
    ASSERT_EQ(Next(choice), "a");
    EXPECT_FALSE(choice.GoesOnAfter(failure)) << static_cast<int>(failure.cause);
    EXPECT_EQ(Alive(), "abc");
  }
}

TEST_F(PathChoiceTest, BlamesASilentHopOnceAnotherHasReachedTheTarget) {
  Use("failover");
  PathChoice choice(session_, kRoute, Later());
  ASSERT_EQ(Next(choice), "a");
  ASSERT_TRUE(choice.GoesOnAfter(Silent()));
  EXPECT_EQ(Alive(), "abc");
  ASSERT_EQ(Next(choice), "b");
  choice.Up();
  EXPECT_EQ(Alive(), "bc");
  EXPECT_NE(Log().find("hop a (socks5 192.0.2.1:1080) is down: timed out; left out"),
            std::string::npos);
}

TEST_F(PathChoiceTest, BlamesNobodyForASilentTarget) {
  Use("failover");
  PathChoice choice(session_, kRoute, Later());
  for (const char* hop : {"a", "b", "c"}) {
    ASSERT_EQ(Next(choice), hop);
    ASSERT_TRUE(choice.GoesOnAfter(Silent()));
  }
  EXPECT_EQ(Next(choice), "-");
  EXPECT_EQ(Alive(), "abc");
  EXPECT_EQ(Log(), "");
}

TEST_F(PathChoiceTest, SuspectsTheHopBehindASilentOneFirst) {
  Use("dynamic");
  PathChoice choice(session_, kRoute, Later());
  ASSERT_EQ(Next(choice), "abc");
  ASSERT_TRUE(choice.GoesOnAfter(Silent(0)));
  ASSERT_EQ(Next(choice), "ac");
  choice.Up();
  EXPECT_EQ(Alive(), "ac");
}

TEST_F(PathChoiceTest, SuspectsAHopThatIsSilentTwice) {
  Use("dynamic");
  PathChoice choice(session_, kRoute, Later());
  ASSERT_EQ(Next(choice), "abc");
  ASSERT_TRUE(choice.GoesOnAfter(Silent(0)));
  ASSERT_EQ(Next(choice), "ac");
  ASSERT_TRUE(choice.GoesOnAfter(Silent(0)));
  ASSERT_EQ(Next(choice), "bc");
  choice.Up();
  EXPECT_EQ(Alive(), "bc");
}

// The death of a hop in the middle of a dial shows at whoever's turn it is.
TEST_F(PathChoiceTest, GivesASilentHopLittleTimeForItsSecondAnswer) {
  Use("dynamic");
  const int64_t deadline_ms = Later();
  PathChoice choice(session_, kRoute, deadline_ms);
  ASSERT_EQ(Next(choice), "abc");
  EXPECT_EQ(choice.limit_ms(), deadline_ms);
  ASSERT_TRUE(choice.GoesOnAfter(Silent(0)));
  ASSERT_EQ(Next(choice), "ac");
  EXPECT_LE(choice.limit_ms(), base::NowMs() + 2500);  // a quarter of connect_timeout
  EXPECT_GT(choice.limit_ms(), base::NowMs() + 1000);
  // Not even connected to in that time: no proof.
  ASSERT_TRUE(choice.GoesOnAfter(Of(Cause::kTimedOut, 0)));
  EXPECT_EQ(Alive(), "abc");
  ASSERT_EQ(Next(choice), "bc");
  EXPECT_EQ(choice.limit_ms(), deadline_ms);
  choice.Up();
  EXPECT_EQ(Alive(), "bc");
}

TEST_F(PathChoiceTest, GivesItMoreWhereAnotherHopTurnsOutDead) {
  Use("dynamic");
  const int64_t deadline_ms = Later();
  PathChoice choice(session_, kRoute, deadline_ms);
  ASSERT_EQ(Next(choice), "abc");
  ASSERT_TRUE(choice.GoesOnAfter(Silent(0)));
  ASSERT_EQ(Next(choice), "ac");
  ASSERT_TRUE(choice.GoesOnAfter(Silent(0)));
  ASSERT_EQ(Next(choice), "bc");
  ASSERT_TRUE(choice.GoesOnAfter(Of(Cause::kTimedOut, 0)));
  EXPECT_EQ(Alive(), "ac");
  ASSERT_EQ(Next(choice), "ac");
  EXPECT_EQ(choice.limit_ms(), deadline_ms);
  choice.Up();
  EXPECT_EQ(Alive(), "ac");
}

TEST_F(PathChoiceTest, AllowsWhatADeadHopHasCarried) {
  for (const Failure& end : {Of(Cause::kClosedEarly, 1, Speaker::kNobody), Silent(1),
                             Of(Cause::kClosedEarly, 1), Of(Cause::kTimedOut, 1)}) {
    Use("dynamic");
    PathChoice choice(session_, kRoute, Later());
    ASSERT_EQ(Next(choice), "abc");
    ASSERT_TRUE(choice.GoesOnAfter(end));
    EXPECT_EQ(Alive(), "abc");
    Next(choice);
    ASSERT_TRUE(choice.GoesOnAfter(Refused(0)));
    EXPECT_EQ(Alive(), "bc");
    ASSERT_EQ(Next(choice), "bc");
    choice.Up();
    EXPECT_EQ(Alive(), "bc");
  }
}

TEST_F(PathChoiceTest, BlamesTheHopWhereTheConnectionEndedOnceAnotherPathIsUp) {
  Use("dynamic");
  PathChoice choice(session_, kRoute, Later());
  ASSERT_EQ(Next(choice), "abc");
  ASSERT_TRUE(choice.GoesOnAfter(Of(Cause::kClosedEarly, 1)));
  EXPECT_EQ(Alive(), "abc");
  ASSERT_EQ(Next(choice), "ac");
  choice.Up();
  EXPECT_EQ(Alive(), "ac");
}

// It may have been killed just now.
TEST_F(PathChoiceTest, TakesNoConnectionThatEndedForASignOfLife) {
  Use("dynamic", "0.25");
  PathChoice dying(session_, kRoute, Later());
  ASSERT_EQ(Next(dying), "abc");
  PathChoice other(session_, kRoute, Later());
  ASSERT_EQ(Next(other), "abc");
  other.GoesOnAfter(Refused(0));
  ASSERT_EQ(Alive(), "bc");
  dying.GoesOnAfter(Of(Cause::kClosedEarly, 2));
  EXPECT_EQ(Alive(), "bc");
}

TEST_F(PathChoiceTest, ComesToAnEndWhateverIsSilent) {
  for (const size_t hop : {0, 1, 2}) {
    Use("dynamic");
    PathChoice choice(session_, kRoute, Later());
    std::string path;
    int tries = 0;
    while ((path = Next(choice)) != "-") {
      ASSERT_LT(++tries, 10);
      ASSERT_TRUE(choice.GoesOnAfter(Silent(static_cast<uint8_t>(hop % path.size()))));
    }
    EXPECT_EQ(Alive(), "abc");
  }
}

TEST_F(PathChoiceTest, ComesToAnEndWhateverEnds) {
  for (unsigned ends = 0; ends < 256; ++ends) {
    Use("dynamic");
    PathChoice choice(session_, kRoute, Later());
    std::string path;
    unsigned tries = 0;
    while ((path = Next(choice)) != "-") {
      ASSERT_LT(++tries, 12u);
      const auto hop = static_cast<uint8_t>((ends >> tries) % path.size());
      choice.GoesOnAfter((ends >> tries & 4) != 0 ? Of(Cause::kClosedEarly, hop) : Silent(hop));
    }
  }
}

TEST_F(PathChoiceTest, GivesUpOnAHopThatAnotherDialFindsDead) {
  Use("failover");
  PathChoice waiting(session_, kRoute, Later());
  ASSERT_EQ(Next(waiting), "a");
  ASSERT_NE(waiting.doubt(), nullptr);
  EXPECT_FALSE(waiting.doubt()->IsLost());
  PathChoice other(session_, kRoute, Later());
  ASSERT_EQ(Next(other), "a");
  other.GoesOnAfter(Refused());
  EXPECT_TRUE(waiting.doubt()->IsLost());
  EXPECT_TRUE(waiting.GoesOnAfter(Of(Cause::kTimedOut)));
  EXPECT_EQ(Next(waiting), "b");
  EXPECT_FALSE(waiting.doubt()->IsLost());
}

TEST_F(PathChoiceTest, WaitsOnWhereAllOthersAreDeadToo) {
  Use("failover");
  PathChoice waiting(session_, kRoute, Later());
  ASSERT_EQ(Next(waiting), "a");
  PathChoice other(session_, kRoute, Later());
  while (Next(other) != "-") {
    other.GoesOnAfter(Refused());
  }
  EXPECT_EQ(Alive(), "");
  EXPECT_FALSE(waiting.doubt()->IsLost());
}

TEST_F(PathChoiceTest, TriesOneDeadHopThatTakesItsTime) {
  Use("failover");
  PathChoice first(session_, kRoute, Later());
  while (Next(first) != "-") {
    first.GoesOnAfter(Refused());
  }
  PathChoice quick(session_, kRoute, Later());
  int tries = 0;
  while (Next(quick) != "-") {
    ++tries;
    quick.GoesOnAfter(Refused());
  }
  EXPECT_EQ(tries, 3);
  PathChoice slow(session_, kRoute, Later());
  EXPECT_EQ(Next(slow), "a");
  EXPECT_TRUE(slow.GoesOnAfter(Of(Cause::kTimedOut)));
  EXPECT_EQ(Next(slow), "-");
}

TEST_F(PathChoiceTest, EndsWithItsTimeAndBlamesNobodyForIt) {
  Use("failover");
  PathChoice choice(session_, kRoute, base::NowMs() - 1);
  EXPECT_EQ(Next(choice), "a") << "one is tried in any case";
  EXPECT_FALSE(choice.GoesOnAfter(Of(Cause::kTimedOut)));
  EXPECT_EQ(Next(choice), "-");
  EXPECT_EQ(Alive(), "abc");
}

TEST_F(PathChoiceTest, MeasuresInFastest) {
  Use("fastest");
  for (const uint32_t us : {300, 100, 200}) {
    PathChoice choice(session_, kRoute, Later());
    ASSERT_NE(Next(choice), "-");
    choice.Connected(us);
    choice.Up();
  }
  PathChoice choice(session_, kRoute, Later());
  EXPECT_EQ(Next(choice), "b");
}

TEST_F(PathChoiceTest, MeasuresByDialsWhoseTargetRefuses) {
  Use("fastest");
  for (const uint32_t us : {300, 100, 200}) {
    PathChoice choice(session_, kRoute, Later());
    ASSERT_NE(Next(choice), "-");
    choice.Connected(us);
    EXPECT_FALSE(choice.GoesOnAfter(RefusedByTarget()));
  }
  PathChoice choice(session_, kRoute, Later());
  EXPECT_EQ(Next(choice), "b");
}

TEST_F(PathChoiceTest, LeavesTheMeasuringToTheNextWhereItDidNotConnect) {
  Use("fastest");
  for (int i = 0; i < 3; ++i) {
    PathChoice interrupted(session_, kRoute, Later());
    EXPECT_EQ(Next(interrupted), "a");
    interrupted.Connected(0);
  }
  PathChoice choice(session_, kRoute, Later());
  EXPECT_EQ(Next(choice), "a");
  EXPECT_TRUE(choice.GoesOnAfter(Refused()));
  EXPECT_EQ(Next(choice), "b");
  PathChoice other(session_, kRoute, Later());
  EXPECT_EQ(Next(other), "c") << "b is being measured";
}

TEST_F(PathChoiceTest, GivesBackAHopThatItCouldNotTellOf) {
  Use("failover", "0.05");
  {
    PathChoice first(session_, kRoute, Later());
    ASSERT_EQ(Next(first), "a");
    first.GoesOnAfter(Refused());
  }
  const int64_t back_ms = session_.health().BackMs(session_.health().See(0));
  while (base::NowMs() < back_ms) {
  }
  for (int i = 0; i < 2; ++i) {
    PathChoice interrupted(session_, kRoute, Later());
    EXPECT_EQ(Next(interrupted), "a");
  }
}

}  // namespace
}  // namespace engine
