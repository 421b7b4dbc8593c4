// Dials that send flights.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>
#include <vector>

#include "chain/dial.h"
#include "scripted_proxies.h"

namespace chain {
namespace {

using base::Cause;
using config::Pipeline;
using protocol::Socks5Method;
using State = Dial::State;
using Answer = FlightTable::Answer;
using Feat = FlightTable::Feat;

template <typename Table>
class Shared {
 public:
  Shared(size_t bytes, auto make) : words_(bytes / 8), table_(make(Region())) {}
  Table& operator*() { return table_; }
  Table* operator->() { return &table_; }

 private:
  std::span<uint8_t> Region() {
    return {reinterpret_cast<uint8_t*>(words_.data()), words_.size() * 8};
  }
  std::vector<uint64_t> words_;
  Table table_;
};

Shared<FlightTable> Flights(size_t proxies) {
  return {FlightTable::RegionSize(proxies),
          [=](std::span<uint8_t> region) { return FlightTable(region, proxies); }};
}

Shared<AuthTable> Logins(size_t proxies) {
  return {AuthTable::RegionSize(proxies),
          [](std::span<uint8_t> region) { return AuthTable(region); }};
}

constexpr FlightTable::Knowledge kStandsAll{Answer::kYes, Answer::kYes, Socks5Method::kUnknown};

// Every turn's message in one, then every turn's answer.
struct Whole {
  std::string sent;
  std::string answers;
};

Whole Joined(const std::vector<Turn>& turns) {
  Whole out;
  for (const Turn& turn : turns) {
    out.sent += turn.expected;
    out.answers += turn.reply;
  }
  return out;
}

std::string TakeAll(int fd) {
  std::string out;
  char buffer[4096];
  for (ssize_t got; (got = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT)) > 0;) {
    out.append(buffer, static_cast<size_t>(got));
  }
  return out;
}

void Say(Peer& peer, std::string_view text) {
  ASSERT_EQ(send(peer.own_fd(), text.data(), text.size(), MSG_NOSIGNAL), ssize_t(text.size()));
}

class FlightsTest : public testing::Test {
 protected:
  // A dial over a chain whose hops stand all.
  static Dial Begun(const Chain& chain, Peer& peer, int64_t now_ms = 0) {
    Dial dial(chain.config(), Path::Whole(chain.config(), kWhole), kTarget);
    Begin(dial, peer, now_ms);
    return dial;
  }
  static void Begin(Dial& dial, Peer& peer, int64_t now_ms = 0) {
    dial.Start(now_ms);
    dial.Connected(0, now_ms);
    dial.Advance(peer.client_fd(), now_ms);
  }
  static void Again(Dial& dial, Peer& peer, int64_t now_ms = 0) {
    ASSERT_EQ(dial.state(), State::kReconnect);
    dial.Restart();
    Begin(dial, peer, now_ms);
  }
  // Plays turn by turn, as proxies do that are sent nothing ahead.
  static State PlayTurns(Dial& dial, Peer& peer, int64_t now_ms = 0) {
    do {
      if (dial.state() == State::kWantRead || dial.state() == State::kWantWrite) {
        dial.Advance(peer.client_fd(), now_ms);
      }
    } while (peer.Play(SIZE_MAX));
    return dial.state();
  }
};

const std::vector<ProxyType> kThree{ProxyType::kSocks5, ProxyType::kHttp, ProxyType::kSocks5};

// The chain's hops as `pipeline = yes` has them.
Chain Patient(const std::vector<ProxyType>& types, std::string_view user = {},
              std::string_view password = {}, config::Auth auth = config::Auth::kAny) {
  return Chain(types, user, password, auth, Pipeline::kYes);
}

TEST_F(FlightsTest, SayAllThatThreeHopsAreToHearInOnePiece) {
  const Chain chain = Patient(kThree);
  const Whole whole = Joined(Script(kThree));
  Peer peer({});
  Dial dial = Begun(chain, peer);
  char buffer[4096];
  const ssize_t got = recv(peer.own_fd(), buffer, sizeof buffer, MSG_DONTWAIT);
  ASSERT_GT(got, 0);
  EXPECT_EQ(std::string(buffer, static_cast<size_t>(got)), whole.sent);
  Say(peer, whole.answers + "SSH-2.0-tunnel");
  EXPECT_EQ(dial.Advance(peer.client_fd(), 0), State::kDone);
  EXPECT_EQ(TakeAll(peer.client_fd()), "SSH-2.0-tunnel") << "what follows is the program's";
}

TEST_F(FlightsTest, ReadAnswersThatAreCutAnywhere) {
  const Chain chain = Patient(kThree);
  const Whole whole = Joined(Script(kThree));
  const std::string text = whole.answers + "T";
  for (size_t cut = 1; cut < text.size(); ++cut) {
    Peer peer({});
    Dial dial = Begun(chain, peer);
    Say(peer, text.substr(0, cut));
    dial.Advance(peer.client_fd(), 0);
    Say(peer, text.substr(cut));
    ASSERT_EQ(dial.Advance(peer.client_fd(), 0), State::kDone) << cut;
    ASSERT_EQ(TakeAll(peer.client_fd()), "T") << cut;
  }
  Peer peer({});
  Dial dial = Begun(chain, peer);
  for (const char c : text) {
    Say(peer, {&c, 1});
    if (dial.state() != State::kDone) dial.Advance(peer.client_fd(), 0);
  }
  EXPECT_EQ(dial.state(), State::kDone);
  EXPECT_EQ(TakeAll(peer.client_fd()), "T");
}

// A stream that takes little at a time.
class Narrow final : public Stream {
 public:
  long Send(std::span<const uint8_t> data) override {
    if (full_) {
      full_ = false;
      return -EAGAIN;
    }
    full_ = true;
    sent.push_back(static_cast<char>(data[0]));
    return 1;
  }
  long Receive(std::span<uint8_t>, bool) override { return -EAGAIN; }
  std::string sent;

 private:
  bool full_ = false;
};

TEST_F(FlightsTest, AreSentOnWhereTheSocketWasFull) {
  const Chain chain = Patient(kThree);
  Narrow stream;
  Dial dial(chain.config(), Path::Whole(chain.config(), kWhole), kTarget);
  dial.Start(0);
  dial.Connected(0, 0);
  while (dial.Advance(stream, 0) == State::kWantWrite) {
  }
  EXPECT_EQ(dial.state(), State::kWantRead);
  EXPECT_EQ(stream.sent, Joined(Script(kThree)).sent);
}

TEST_F(FlightsTest, FailAtTheHopThatRefusesAsWithoutThem) {
  const std::string no_socks = Raw("\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00");
  const std::string no_http = "HTTP/1.1 403 Forbidden\r\n\r\n<html>";
  const auto script = Script(kThree);
  // By the turn that is refused.
  const std::pair<size_t, std::string> rows[] = {{1, no_socks}, {2, no_http}, {4, no_socks}};
  const uint8_t hops[] = {0, 0, 1, 2, 2};
  for (const auto& [turn, refusal] : rows) {
    std::string answers;
    for (size_t i = 0; i < turn; ++i) answers += script[i].reply;
    std::vector<Turn> turns(script.begin(), script.begin() + static_cast<long>(turn) + 1);
    turns.back().reply = refusal;
    const Chain one_by_one(kThree);
    Peer slow_peer(turns);
    Dial slow = Begun(one_by_one, slow_peer);
    ASSERT_EQ(PlayTurns(slow, slow_peer), State::kFailed);
    for (const bool in_pieces : {false, true}) {
      const Chain chain = Patient(kThree);
      Peer peer({});
      Dial dial = Begun(chain, peer);
      const std::string text = answers + refusal;
      for (size_t i = 0; i < text.size() && dial.state() != State::kFailed; ++i) {
        Say(peer, in_pieces ? text.substr(i, 1) : text);
        dial.Advance(peer.client_fd(), 0);
      }
      ASSERT_EQ(dial.state(), State::kFailed);
      EXPECT_EQ(dial.failure().hop, hops[turn]);
      EXPECT_EQ(dial.failure().cause, slow.failure().cause);
      EXPECT_EQ(dial.failure().speaker, slow.failure().speaker);
      EXPECT_EQ(dial.failure().detail_text(), slow.failure().detail_text());
    }
  }
}

TEST_F(FlightsTest, AreDroppedWhereTheConnectionEndsInsideThem) {
  const auto script = Script(kThree);
  const std::string answers = Joined(script).answers;
  for (size_t size = 0; size < answers.size(); ++size) {
    const Chain chain = Patient(kThree);
    Peer peer({});
    Dial dial = Begun(chain, peer);
    Say(peer, answers.substr(0, size));
    peer.Close();
    ASSERT_EQ(dial.Advance(peer.client_fd(), 0), State::kReconnect) << size;
    // The next connection says one thing after the other, and fails as such a one does.
    Peer again({});
    Again(dial, again);
    ASSERT_EQ(TakeAll(again.own_fd()), Raw("\x05\x01\x00"));
    again.Close();
    ASSERT_EQ(dial.Advance(again.client_fd(), 0), State::kFailed);
    EXPECT_EQ(dial.failure().cause, Cause::kClosedEarly);
    EXPECT_EQ(dial.failure().hop, 0);
  }
}

TEST_F(FlightsTest, SendThePasswordOfTheMethodThatIsKnown) {
  const Chain chain = Patient({ProxyType::kSocks5}, "alice", "secret");
  auto flights = Flights(1);
  flights->NoteMethod(0, Socks5Method::kPassword);
  Peer peer({});
  Dial dial(chain.config(), Path::Whole(chain.config(), kWhole), kTarget);
  dial.ShareFlights(*flights);
  Begin(dial, peer);
  EXPECT_EQ(TakeAll(peer.own_fd()), Raw("\x05\x01\x02\x01\x05") + "alice" + Raw("\x06") + "secret" +
                                        Raw("\x05\x01\x00\x03\x0e") + "target.example" +
                                        Raw("\x01\xbb"));
  Say(peer, Raw("\x05\x02\x01\x00") + kSocksOk);
  EXPECT_EQ(dial.Advance(peer.client_fd(), 0), State::kDone);
}

TEST_F(FlightsTest, FailWhereThePasswordIsRefusedAsWithoutThem) {
  const Chain chain = Patient({ProxyType::kSocks5}, "alice", "secret");
  auto flights = Flights(1);
  flights->NoteMethod(0, Socks5Method::kPassword);
  Peer peer({});
  Dial dial(chain.config(), Path::Whole(chain.config(), kWhole), kTarget);
  dial.ShareFlights(*flights);
  Begin(dial, peer);
  Say(peer, Raw("\x05\x02\x01\x01"));
  ASSERT_EQ(dial.Advance(peer.client_fd(), 0), State::kFailed);
  EXPECT_EQ(dial.failure().cause, Cause::kAuthentication);
  EXPECT_EQ(dial.failure().detail_text(), "SOCKS5: credentials refused");
}

TEST_F(FlightsTest, WaitForTheMethodWhileNobodyKnowsIt) {
  const Chain chain = Patient({ProxyType::kSocks5}, "alice", "secret");
  auto flights = Flights(1);
  Peer peer({{Raw("\x05\x02\x00\x02"), Raw("\x05\x02")},
             {Raw("\x01\x05") + "alice" + Raw("\x06") + "secret", Raw("\x01\x00")},
             {Raw("\x05\x01\x00\x03\x0e") + "target.example" + Raw("\x01\xbb"), kSocksOk}});
  Dial dial(chain.config(), Path::Whole(chain.config(), kWhole), kTarget);
  dial.ShareFlights(*flights);
  Begin(dial, peer);
  EXPECT_EQ(PlayTurns(dial, peer), State::kDone);
  EXPECT_EQ(flights->Of(0).method, Socks5Method::kPassword);
}

TEST_F(FlightsTest, OfferAllMethodsAgainWhereTheKnownOneIsRefused) {
  for (const std::string& answer : {Raw("\x05\xff"), Raw("\x05\x00")}) {
    const Chain chain = Patient({ProxyType::kSocks5}, "alice", "secret");
    auto flights = Flights(1);
    flights->NoteMethod(0, Socks5Method::kPassword);
    Peer peer({});
    Dial dial(chain.config(), Path::Whole(chain.config(), kWhole), kTarget);
    dial.ShareFlights(*flights);
    Begin(dial, peer);
    Say(peer, answer);
    ASSERT_EQ(dial.Advance(peer.client_fd(), 0), State::kReconnect);
    Peer again({{Raw("\x05\x02\x00\x02"), Raw("\x05\x00")},
                {Raw("\x05\x01\x00\x03\x0e") + "target.example" + Raw("\x01\xbb"), kSocksOk}});
    Again(dial, again);
    EXPECT_EQ(PlayTurns(dial, again), State::kDone);
    EXPECT_EQ(flights->Of(0).method, Socks5Method::kNone);
  }
}

// --- What may be in one

TEST_F(FlightsTest, HaveNoSecondHttpRequest) {
  const std::vector<ProxyType> types{ProxyType::kHttp, ProxyType::kHttp};
  const Chain chain = Patient(types);
  Peer peer(Script(types));
  Dial dial = Begun(chain, peer);
  EXPECT_EQ(PlayTurns(dial, peer), State::kDone) << "one after the other";
}

TEST_F(FlightsTest, EndBeforeAHopWhoseChallengeIsToBeAnswered) {
  for (const config::Auth auth : {config::Auth::kDigest, config::Auth::kNtlm}) {
    const std::vector<ProxyType> types{ProxyType::kSocks4a, ProxyType::kHttp};
    const Chain chain = Patient(types, "alice", "secret", auth);
    Peer peer({});
    const Dial dial = Begun(chain, peer);
    EXPECT_EQ(dial.state(), State::kWantRead);
    EXPECT_EQ(TakeAll(peer.own_fd()).find("CONNECT"), std::string::npos);
  }
}

TEST_F(FlightsTest, EndBehindAHopThatMayAskForALogin) {
  const std::vector<ProxyType> types{ProxyType::kSocks4a, ProxyType::kHttp, ProxyType::kSocks4a};
  const Chain chain = Patient(types, "alice", "secret");
  auto logins = Logins(3);
  const auto sent = [&] {
    Peer peer({});
    Dial dial(chain.config(), Path::Whole(chain.config(), kWhole), kTarget);
    dial.ShareLogins(*logins);
    Begin(dial, peer);
    return TakeAll(peer.own_fd());
  };
  const std::string unasked = sent();
  EXPECT_NE(unasked.find("CONNECT hop2.example:1002 HTTP/1.1\r\n"), std::string::npos);
  EXPECT_TRUE(unasked.ends_with("\r\n\r\n")) << unasked;
  protocol::HttpMemory memory;
  memory.challenge.scheme = protocol::HttpScheme::kBasic;
  logins->Remember(1, memory);
  const std::string known = sent();
  EXPECT_NE(known.find("Basic YWxpY2U6c2VjcmV0"), std::string::npos);
  EXPECT_TRUE(known.ends_with("target.example" + Raw("\0"))) << known;
  memory.challenge.scheme = protocol::HttpScheme::kDigest;
  memory.challenge.SetDigestTexts("r", "n", "");
  logins->Remember(1, memory);
  EXPECT_EQ(sent().find("CONNECT"), std::string::npos);
}

TEST_F(FlightsTest, AnswerALoginOfTheirLastHopOnTheSameConnection) {
  const std::vector<ProxyType> types{ProxyType::kSocks5, ProxyType::kHttp};
  const Chain chain = Patient(types, "alice", "secret");
  auto flights = Flights(2);
  flights->NoteMethod(0, Socks5Method::kNone);
  Peer peer({});
  Dial dial(chain.config(), Path::Whole(chain.config(), kWhole), kTarget);
  dial.ShareFlights(*flights);
  Begin(dial, peer);
  EXPECT_NE(TakeAll(peer.own_fd()).find("CONNECT target"), std::string::npos);
  Say(peer,
      Raw("\x05\x00") + kSocksOk +
          "HTTP/1.1 407 A\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 2\r\n\r\nno");
  ASSERT_EQ(dial.Advance(peer.client_fd(), 0), State::kWantRead);
  EXPECT_NE(TakeAll(peer.own_fd()).find("Basic YWxpY2U6c2VjcmV0"), std::string::npos);
  Say(peer, kHttpOk);
  EXPECT_EQ(dial.Advance(peer.client_fd(), 0), State::kDone);
}

TEST_F(FlightsTest, TakeANewConnectionWhereAHopInTheMiddleAsksAnew) {
  const std::vector<ProxyType> types{ProxyType::kHttp, ProxyType::kSocks4a};
  const Chain chain = Patient(types, "alice", "secret");
  auto logins = Logins(2);
  protocol::HttpMemory memory;
  memory.challenge.scheme = protocol::HttpScheme::kBasic;
  logins->Remember(0, memory);
  Peer peer({});
  Dial dial(chain.config(), Path::Whole(chain.config(), kWhole), kTarget);
  dial.ShareLogins(*logins);
  Begin(dial, peer);
  EXPECT_TRUE(TakeAll(peer.own_fd()).ends_with("target.example" + Raw("\0")));
  Say(peer,
      "HTTP/1.1 407 A\r\nProxy-Authenticate: Digest realm=x, nonce=y\r\nContent-Length: 0\r\n\r\n");
  ASSERT_EQ(dial.Advance(peer.client_fd(), 0), State::kReconnect);
  Peer again({});
  Again(dial, again);
  const std::string sent = TakeAll(again.own_fd());
  EXPECT_NE(sent.find("Digest username=\"alice\""), std::string::npos) << sent;
  EXPECT_TRUE(sent.ends_with("\r\n\r\n")) << "nothing behind it";
}

TEST_F(FlightsTest, EndBeforeTls) {
  const std::vector<ProxyType> types{ProxyType::kSocks5, ProxyType::kHttps};
  const Chain chain = Patient(types);
  Peer peer({});
  Dial dial = Begun(chain, peer);
  TakeAll(peer.own_fd());
  Say(peer, Raw("\x05\x00") + kSocksOk);
  ASSERT_EQ(dial.Advance(peer.client_fd(), 0), State::kWantTls);
  EXPECT_EQ(TakeAll(peer.own_fd()), "");
}

TEST_F(FlightsTest, TakeInWhatTheyHaveRoomFor) {
  const std::vector<ProxyType> types(config::kMaxHops, ProxyType::kSocks5);
  const std::string user(255, 'u');
  const Chain chain = Patient(types, user, user);
  auto flights = Flights(types.size());
  for (size_t i = 0; i < types.size(); ++i) flights->NoteMethod(i, Socks5Method::kPassword);
  Peer peer({});
  Dial dial(chain.config(), Path::Whole(chain.config(), kWhole), kTarget);
  dial.ShareFlights(*flights);
  Begin(dial, peer);
  size_t flown = 0;
  for (size_t hop = 0; hop < types.size();) {
    const std::string sent = TakeAll(peer.own_fd());
    ASSERT_LE(sent.size(), Flight::kCapacity);
    size_t hops = 0;
    for (size_t at = 0; (at = sent.find(user + Raw("\xff") + user, at)) != std::string::npos;
         at += user.size()) {
      ++hops;
    }
    ASSERT_GT(hops, 0u);
    ++flown;
    hop += hops;
    for (; hops > 0; --hops) Say(peer, Raw("\x05\x02\x01\x00") + kSocksOk);
    dial.Advance(peer.client_fd(), 0);
  }
  EXPECT_EQ(dial.state(), State::kDone);
  EXPECT_LT(flown, types.size());
}

// --- What is learned

class LearningTest : public FlightsTest {
 protected:
  Dial Made() {
    Dial dial(chain_.config(), Path::Whole(chain_.config(), kWhole), kTarget);
    dial.ShareFlights(*flights_);
    return dial;
  }
  Dial MadeTrial() {
    Dial dial(chain_.config(), Path::Whole(chain_.config(), kWhole), kTarget);
    EXPECT_TRUE(dial.TryFlights(*flights_));
    return dial;
  }
  FlightTable::Knowledge Known(size_t hop) const { return flights_->Of(hop); }

  const std::vector<ProxyType> types_{ProxyType::kSocks5, ProxyType::kSocks5};
  const Chain chain_{types_};
  mutable Shared<FlightTable> flights_ = Flights(2);
  const std::vector<Turn> turns_ = Script(types_);
  const Whole whole_ = Joined(turns_);
};

TEST_F(LearningTest, SaysOneThingAfterTheOtherWhereNothingIsKnown) {
  Dial dial = Made();
  Peer peer(turns_);
  Begin(dial, peer);
  EXPECT_EQ(PlayTurns(dial, peer), State::kDone);
  EXPECT_EQ(Known(0).own, Answer::kUnknown);
}

TEST_F(LearningTest, LearnsFromATrialThatAllIsStood) {
  Dial dial = MadeTrial();
  Peer peer({});
  Begin(dial, peer);
  EXPECT_EQ(TakeAll(peer.own_fd()), whole_.sent);
  Say(peer, whole_.answers);
  EXPECT_EQ(dial.Advance(peer.client_fd(), 3), State::kDone);
  EXPECT_EQ(Known(0).own, Answer::kYes);
  EXPECT_EQ(Known(0).passes_on, Answer::kYes);
  EXPECT_EQ(Known(1).own, Answer::kYes);
  EXPECT_EQ(Known(1).passes_on, Answer::kUnknown) << "nothing was behind it";
  Dial next = Made();
  Peer next_peer({});
  Begin(next, next_peer);
  EXPECT_EQ(TakeAll(next_peer.own_fd()), whole_.sent);
}

TEST_F(LearningTest, LearnsFromARefusalAsWell) {
  Dial dial = MadeTrial();
  Peer peer({});
  Begin(dial, peer);
  Say(peer, turns_[0].reply + turns_[1].reply + turns_[2].reply + Raw("\x05\x05"));
  EXPECT_EQ(dial.Advance(peer.client_fd(), 3), State::kFailed);
  EXPECT_EQ(Known(0).own, Answer::kYes);
  EXPECT_EQ(Known(0).passes_on, Answer::kYes);
  EXPECT_EQ(Known(1).own, Answer::kYes);
}

TEST_F(LearningTest, LearnsThatAProxyLosesItsSecondMessage) {
  Dial dial = MadeTrial();
  Peer peer({});
  Begin(dial, peer);
  Say(peer, turns_[0].reply);
  EXPECT_EQ(dial.Advance(peer.client_fd(), 40), State::kWantRead);
  EXPECT_EQ(dial.deadline_ms(), 40 + 1000);
  dial.TimeOut();
  Peer again(turns_);
  Again(dial, again, 1040);
  EXPECT_EQ(Known(0).own, Answer::kUnknown) << "not before it is seen to answer";
  EXPECT_EQ(PlayTurns(dial, again, 1080), State::kDone);
  EXPECT_EQ(Known(0).own, Answer::kNo);
  EXPECT_EQ(Known(1).own, Answer::kUnknown);
}

TEST_F(LearningTest, BlamesTheHopThatDoesNotPassOnWhatIsBehind) {
  Dial dial = MadeTrial();
  Peer peer({});
  Begin(dial, peer);
  Say(peer, turns_[0].reply + turns_[1].reply);
  EXPECT_EQ(dial.Advance(peer.client_fd(), 40), State::kWantRead);
  dial.TimeOut();
  Peer again(turns_);
  Again(dial, again, 1040);
  EXPECT_EQ(PlayTurns(dial, again, 1080), State::kDone);
  EXPECT_EQ(Known(0).own, Answer::kYes);
  EXPECT_EQ(Known(0).passes_on, Answer::kNo);
}

TEST_F(LearningTest, TakesTheSameEndEitherWayForAnAnswer) {
  // As `ssh -D` has it where the target refuses. What is behind it in a flight is another matter.
  Dial dial = MadeTrial();
  Peer peer({});
  Begin(dial, peer);
  Say(peer, turns_[0].reply);
  dial.Advance(peer.client_fd(), 40);
  peer.Close();
  dial.Advance(peer.client_fd(), 40);
  std::vector<Turn> first(turns_.begin(), turns_.begin() + 1);
  Peer again(first);
  Again(dial, again, 50);
  ASSERT_EQ(PlayTurns(dial, again, 60), State::kWantRead);
  again.Close();
  EXPECT_EQ(dial.Advance(again.client_fd(), 70), State::kFailed);
  EXPECT_EQ(Known(0).own, Answer::kYes);
  EXPECT_EQ(Known(0).passes_on, Answer::kUnknown);
}

TEST_F(LearningTest, LearnsThatAProxyEndsTheConnectionForTheFlightsSake) {
  Dial dial = MadeTrial();
  Peer peer({});
  Begin(dial, peer);
  Say(peer, turns_[0].reply);
  dial.Advance(peer.client_fd(), 40);
  peer.Close();
  dial.Advance(peer.client_fd(), 40);
  Peer again(turns_);
  Again(dial, again, 50);
  EXPECT_EQ(PlayTurns(dial, again, 60), State::kDone);
  EXPECT_EQ(Known(0).own, Answer::kNo);
}

TEST_F(LearningTest, IsPatientWithASlowProxy) {
  Dial dial = MadeTrial();
  Peer peer({});
  Begin(dial, peer);
  Say(peer, turns_[0].reply);
  dial.Advance(peer.client_fd(), 400);
  EXPECT_EQ(dial.deadline_ms(), 400 + 3200);
}

TEST_F(LearningTest, LearnsNothingWhereTheTargetIsSlowEitherWay) {
  Dial dial = MadeTrial();
  Peer peer({});
  Begin(dial, peer);
  Say(peer, turns_[0].reply);
  dial.Advance(peer.client_fd(), 40);
  dial.TimeOut();
  std::vector<Turn> first(turns_.begin(), turns_.begin() + 1);
  Peer again(first);
  Again(dial, again, 1040);
  ASSERT_EQ(PlayTurns(dial, again, 1080), State::kWantRead);
  Say(again, turns_[1].reply);
  dial.Advance(again.client_fd(), 4000);
  EXPECT_EQ(Known(0).own, Answer::kUnknown);
}

TEST_F(LearningTest, GetsThroughAProxyThatStandsNoFlightsAnyMore) {
  flights_->Preset(0, kStandsAll);
  flights_->Preset(1, kStandsAll);
  Dial dial = Made();
  Peer peer({});
  Begin(dial, peer);
  EXPECT_EQ(TakeAll(peer.own_fd()), whole_.sent);
  Say(peer, turns_[0].reply);
  dial.Advance(peer.client_fd(), 10);
  EXPECT_EQ(dial.deadline_ms(), 10 + 1000);
  dial.TimeOut();
  Peer again(turns_);
  Again(dial, again, 1010);
  EXPECT_EQ(PlayTurns(dial, again, 1020), State::kDone);
  EXPECT_EQ(Known(0).own, Answer::kNo);
  EXPECT_TRUE(flights_->HasNews(0));
}

TEST_F(LearningTest, HasNoDoubtsOfWhatHeldAMomentAgo) {
  flights_->Preset(0, kStandsAll);
  flights_->Preset(1, kStandsAll);
  const auto deadline = [&](int64_t now_ms) {
    Dial dial = Made();
    Peer peer({});
    Begin(dial, peer, now_ms);
    Say(peer, turns_[0].reply);
    dial.Advance(peer.client_fd(), now_ms);
    const int64_t out = dial.deadline_ms() - now_ms;
    Say(peer, whole_.answers.substr(turns_[0].reply.size()));
    EXPECT_EQ(dial.Advance(peer.client_fd(), now_ms), State::kDone);
    return out;
  };
  EXPECT_EQ(deadline(1000), 1000);
  EXPECT_EQ(deadline(2000), kTimeoutMs);
  EXPECT_EQ(deadline(2000 + FlightTable::kSureMs), 1000);
}

TEST_F(LearningTest, HasATrialMadeOnceAPathIsUp) {
  Dial dial = Made();
  Peer peer(turns_);
  Begin(dial, peer);
  ASSERT_EQ(PlayTurns(dial, peer), State::kDone);
  const Path asked = flights_->WaitForPath();
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_EQ(asked[1], 1);
}

TEST_F(LearningTest, NeedsNoTrialOfWhatIsKnownOrWasTriedInVain) {
  Pipelining pipelining(chain_.config(), Path::Whole(chain_.config(), kWhole));
  pipelining.Share(*flights_, false);
  EXPECT_TRUE(pipelining.NeedsTrial({}));
  flights_->Preset(0, {Answer::kYes, Answer::kNo, Socks5Method::kUnknown});
  EXPECT_TRUE(pipelining.NeedsTrial({}));
  flights_->Note(1, Feat::kOwnMessages, false);
  EXPECT_FALSE(pipelining.NeedsTrial({}));
  flights_->Preset(0, {});
  for (unsigned i = 0; i < FlightTable::kMaxTrials; ++i) {
    EXPECT_TRUE(pipelining.NeedsTrial({}));
    flights_->CountTrial(0);
  }
  EXPECT_FALSE(pipelining.NeedsTrial({}));
}

TEST_F(LearningTest, NeedsNoTrialOfWhatCannotBeInOneFlight) {
  const auto needs = [&](const std::vector<ProxyType>& types, const Pipelining::Logins& logins) {
    const Chain chain(types);
    Pipelining pipelining(chain.config(), Path::Whole(chain.config(), kWhole));
    pipelining.Share(*flights_, false);
    return pipelining.NeedsTrial(logins);
  };
  const std::vector<ProxyType> mixed{ProxyType::kHttp, ProxyType::kSocks4};
  EXPECT_TRUE(needs(mixed, {}));
  EXPECT_FALSE(needs(mixed, {.unsettled = 0b01}));
  EXPECT_FALSE(needs(mixed, {.open = 0b10}));
  EXPECT_TRUE(needs(mixed, {.unsettled = 0b10}));
  EXPECT_FALSE(needs({ProxyType::kHttp}, {}));
  EXPECT_FALSE(needs({ProxyType::kHttp, ProxyType::kHttp}, {}));
  EXPECT_FALSE(needs({ProxyType::kHttps, ProxyType::kSocks5}, {}));
  flights_->Note(1, Feat::kOwnMessages, false);
  EXPECT_FALSE(needs({ProxyType::kHttp, ProxyType::kSocks5}, {})) << "it has to be waited for";
}

TEST_F(LearningTest, CountsTrialsOfWhatIsTried) {
  flights_->Preset(0, kStandsAll);
  Dial dial(chain_.config(), Path::Whole(chain_.config(), kWhole), kTarget);
  EXPECT_TRUE(dial.TryFlights(*flights_));
  EXPECT_EQ(flights_->Trials(0), 0u);
  EXPECT_EQ(flights_->Trials(1), 1u);
  flights_->Preset(1, kStandsAll);
  EXPECT_FALSE(dial.TryFlights(*flights_));
}

TEST_F(LearningTest, NeedsNoTrialOfWhatTheRulesSay) {
  for (const Pipeline pipeline : {Pipeline::kYes, Pipeline::kNo}) {
    const Chain chain(types_, {}, {}, config::Auth::kAny, pipeline);
    Pipelining pipelining(chain.config(), Path::Whole(chain.config(), kWhole));
    pipelining.Share(*flights_, false);
    EXPECT_FALSE(pipelining.NeedsTrial({}));
  }
}

TEST_F(LearningTest, SendsNoFlightWhereTheRulesForbidIt) {
  flights_->Preset(0, kStandsAll);
  flights_->Preset(1, kStandsAll);
  const Chain chain(types_, {}, {}, config::Auth::kAny, Pipeline::kNo);
  Dial dial(chain.config(), Path::Whole(chain.config(), kWhole), kTarget);
  dial.ShareFlights(*flights_);
  Peer peer(turns_);
  Begin(dial, peer);
  EXPECT_EQ(PlayTurns(dial, peer), State::kDone);
}

}  // namespace
}  // namespace chain
