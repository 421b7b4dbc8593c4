// Programs and far ends of every habit, by the pool's pipes and without one.
#include "supervisor/splice.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "tcp_pair.h"

namespace supervisor {
namespace {

class SpliceTest : public ::testing::TestWithParam<size_t> {
 protected:
  SpliceTest() : pool_(GetParam()) {
    set_.Reset(epoll_create1(EPOLL_CLOEXEC));
    Open({});
    Run();
  }

  // Between two new connections.
  void Open(Splice::Opening opening) {
    splice_.reset();
    program_ = {};
    far_ = {};
    // The distant ends are the program's and the target's own.
    splice_ = std::make_unique<Splice>(std::move(program_.near), std::move(far_.near), pool_,
                                       std::move(opening));
    for (const Splice::End end : {Splice::End::kProgram, Splice::End::kFar}) {
      epoll_event event{EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                        {.u32 = static_cast<uint32_t>(end)}};
      EXPECT_EQ(epoll_ctl(set_.get(), EPOLL_CTL_ADD, splice_->fd(end), &event), 0);
    }
    Run();
  }

  int program() const { return program_.distant.get(); }
  int far() const { return far_.distant.get(); }
  bool is_over() const { return splice_ == nullptr; }

  // Does what its loop would do, until nothing has happened for a while.
  void Run(int quiet_ms = 20) {
    epoll_event events[8];
    for (bool more = true; more && !is_over();) {
      const int count = epoll_wait(set_.get(), events, 8, quiet_ms);
      more = count > 0;
      for (int i = 0; i < count; ++i) {
        splice_->Ready(static_cast<Splice::End>(events[i].data.u32), events[i].events);
      }
      Splice::Moved moved = Splice::Moved::kMore;
      while (moved == Splice::Moved::kMore) {
        moved = splice_->Move();
      }
      if (moved == Splice::Moved::kOver) {
        splice_.reset();
      }
    }
  }

  // Sends until nothing goes any more; returns how much did.
  size_t Stuff(int fd) {
    const std::string piece(64 * 1024, 'x');
    size_t sent = 0;
    for (int idle = 0; idle < 5;) {
      const ssize_t now = send(fd, piece.data(), piece.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      sent += now > 0 ? static_cast<size_t>(now) : 0;
      idle = now > 0 ? 0 : idle + 1;
      Run(1);
    }
    return sent;
  }

  // Reads `size` bytes and no more.
  bool Takes(int fd, size_t size) {
    std::string buffer(256 * 1024, 0);
    while (size > 0) {
      const ssize_t got = recv(fd, buffer.data(), std::min(size, buffer.size()), MSG_DONTWAIT);
      if (got == 0 || (got < 0 && errno != EAGAIN)) {
        return false;
      }
      size -= got > 0 ? static_cast<size_t>(got) : 0;
      Run(1);
    }
    return true;
  }

  PipePool pool_;
  TcpPair program_;
  TcpPair far_;
  base::Fd set_;
  std::unique_ptr<Splice> splice_;
};

INSTANTIATE_TEST_SUITE_P(, SpliceTest, ::testing::Values(PipePool::kMaxLent, 0),
                         [](const auto& instance) {
                           return std::string(instance.param > 0 ? "ByPipes" : "ByTheBuffer");
                         });

TEST_P(SpliceTest, CarriesBothWays) {
  Say(program(), "question");
  Say(far(), "answer");
  Run();
  EXPECT_EQ(Hear(far()), "question");
  EXPECT_EQ(Hear(program()), "answer");
  EXPECT_FALSE(is_over());
}

TEST_P(SpliceTest, CarriesWhatWasSaidBefore) {
  TcpPair program;
  TcpPair far;
  Say(program.distant.get(), "early");
  shutdown(program.distant.get(), SHUT_WR);
  Splice splice(std::move(program.near), std::move(far.near), pool_, {});
  EXPECT_EQ(splice.Move(), Splice::Moved::kWaits);
  EXPECT_EQ(Hear(far.distant.get()), "early");
  EXPECT_EQ(Hear(far.distant.get()), "end");
}

TEST_P(SpliceTest, HoldsNoPipeWhileNothingIsOnItsWay) {
  Say(program(), "question");
  Run();
  EXPECT_EQ(pool_.lent(), 0u);
  EXPECT_EQ(pool_.idle(), GetParam() > 0 ? 1u : 0u);
}

TEST_P(SpliceTest, LeavesTheOtherDirectionOpenWhenTheProgramHasSaidAll) {
  Say(program(), "last");
  shutdown(program(), SHUT_WR);
  Run();
  EXPECT_EQ(Hear(far()), "last");
  EXPECT_EQ(Hear(far()), "end");
  ASSERT_FALSE(is_over());
  EXPECT_TRUE(splice_->IsHalfClosed());
  Say(far(), "answer");
  Run();
  EXPECT_EQ(Hear(program()), "answer");
  shutdown(far(), SHUT_WR);
  Run();
  EXPECT_EQ(Hear(program()), "end");
  EXPECT_TRUE(is_over());
}

TEST_P(SpliceTest, LeavesTheOtherDirectionOpenWhenTheFarEndHasSaidAll) {
  Say(far(), "last");
  shutdown(far(), SHUT_WR);
  Run();
  EXPECT_EQ(Hear(program()), "last");
  EXPECT_EQ(Hear(program()), "end");
  ASSERT_FALSE(is_over());
  EXPECT_FALSE(splice_->IsHalfClosed());
  Say(program(), "answer");
  Run();
  EXPECT_EQ(Hear(far()), "answer");
  program_.distant.Reset();
  Run();
  EXPECT_EQ(Hear(far()), "end");
  EXPECT_TRUE(is_over());
}

TEST_P(SpliceTest, EndsWhenBothHaveSaidAllAtOnce) {
  Say(program(), "a");
  Say(far(), "b");
  shutdown(program(), SHUT_WR);
  shutdown(far(), SHUT_WR);
  Run();
  EXPECT_TRUE(is_over());
  EXPECT_EQ(Hear(far()), "a");
  EXPECT_EQ(Hear(far()), "end");
  EXPECT_EQ(Hear(program()), "b");
  EXPECT_EQ(Hear(program()), "end");
}

TEST_P(SpliceTest, ResetsTheFarEndForTheProgramsReset) {
  ResetAtClose(&program_.distant);
  Run();
  EXPECT_TRUE(is_over());
  EXPECT_EQ(Hear(far()), "reset");
}

TEST_P(SpliceTest, ResetsTheProgramForTheFarEndsReset) {
  ResetAtClose(&far_.distant);
  Run();
  EXPECT_TRUE(is_over());
  EXPECT_EQ(Hear(program()), "reset");
}

TEST_P(SpliceTest, ResetsAfterAHalfClose) {
  shutdown(program(), SHUT_WR);
  Run();
  EXPECT_EQ(Hear(far()), "end");
  ResetAtClose(&far_.distant);
  Run();
  EXPECT_TRUE(is_over());
  EXPECT_EQ(Hear(program()), "reset");
}

TEST_P(SpliceTest, ResetsTheProgramThatGoesOnAfterTheFarEndIsClosed) {
  far_.distant.Reset();
  Run();
  EXPECT_EQ(Hear(program()), "end");
  EXPECT_FALSE(is_over());
  Say(program(), "into the void");
  Run();
  EXPECT_TRUE(is_over());
  EXPECT_TRUE(IsCut(program()));
}

TEST_P(SpliceTest, ResetsTheFarEndThatGoesOnAfterTheProgramIsClosed) {
  program_.distant.Reset();
  Run();
  EXPECT_EQ(Hear(far()), "end");
  Say(far(), "into the void");
  Run();
  EXPECT_TRUE(is_over());
  EXPECT_TRUE(IsCut(far()));
}

TEST_P(SpliceTest, EndsWithTheProgramThatIsLetGo) {
  program_.distant.Reset();
  Run();
  EXPECT_EQ(Hear(far()), "end");
  ASSERT_FALSE(is_over());
  splice_->LetGo();
  EXPECT_EQ(splice_->Move(), Splice::Moved::kOver);
  splice_.reset();
  Say(far(), "into the void");
  EXPECT_TRUE(IsCut(far()));
}

TEST_P(SpliceTest, GoesNoFasterThanTheSlowerEnd) {
  const size_t sent = Stuff(program());
  EXPECT_LT(sent, size_t{64} << 20);
  EXPECT_LE(pool_.lent(), 1u);
  shutdown(program(), SHUT_WR);
  EXPECT_TRUE(Takes(far(), sent));
  EXPECT_EQ(Hear(far()), "end");
  EXPECT_EQ(pool_.lent(), 0u);
}

TEST_P(SpliceTest, CarriesTheOtherWayWhileOneIsHeldUp) {
  Stuff(program());
  Say(far(), "still here");
  Run();
  EXPECT_EQ(Hear(program()), "still here");
}

TEST_P(SpliceTest, HearsTheProgramsResetWhileNothingCanBeMoved) {
  Stuff(program());
  ResetAtClose(&program_.distant);
  Run();
  EXPECT_TRUE(is_over());
  EXPECT_EQ(pool_.lent(), 0u);
  EXPECT_FALSE(Takes(far(), size_t{64} << 20));
  EXPECT_EQ(errno, ECONNRESET);
}

TEST_P(SpliceTest, DeliversWhatTheFarEndSaidBeforeItsReset) {
  const size_t sent = Stuff(far());
  ResetAtClose(&far_.distant);
  Run();
  // Not all: the kernel drops what it hadn't sent yet, as it would without us.
  size_t got = 0;
  std::string buffer(64 * 1024, 0);
  for (;;) {
    const ssize_t size = recv(program(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN && !is_over()) {
      Run(1);
      continue;
    }
    if (size <= 0) {
      EXPECT_EQ(size, -1);
      EXPECT_EQ(errno, ECONNRESET);
      break;
    }
    got += static_cast<size_t>(size);
  }
  EXPECT_GT(got, 0u);
  EXPECT_LE(got, sent);
}

// Lets so many bytes through, unless one of them is '!'.
class Counted final : public Gate {
 public:
  explicit Counted(size_t left) : left_(left) {}
  size_t Measure(std::span<const uint8_t> bytes) const override {
    return std::min(left_, bytes.size());
  }
  void Pass(std::span<const uint8_t> bytes) override {
    left_ -= bytes.size();
    spoilt_ = spoilt_ || std::find(bytes.begin(), bytes.end(), '!') != bytes.end();
  }
  State state() const override {
    return spoilt_ ? State::kSpoilt : left_ > 0 ? State::kOpen : State::kShut;
  }

 private:
  size_t left_;
  bool spoilt_ = false;
};

TEST_P(SpliceTest, SendsTheFarEndItsOpeningFirst) {
  const std::string first(4 << 20, 'f');
  Open({first, nullptr});
  Say(program(), "then");
  EXPECT_TRUE(Takes(far(), first.size()));
  Run();
  EXPECT_EQ(Hear(far()), "then");
}

TEST_P(SpliceTest, LetsNothingPastAShutGate) {
  Open({"head ", std::make_unique<Counted>(4)});
  Say(program(), "body and more");
  Run();
  EXPECT_EQ(Hear(far()), "head body");
  Say(program(), "again");
  Run();
  EXPECT_EQ(Hear(far(), 50), "nothing") << "not even an end";
}

TEST_P(SpliceTest, LeavesTheProgramTheEndOfItsAnswerThoughSomethingWasUnread) {
  Open({"", std::make_unique<Counted>(4)});
  Say(program(), "body and more");
  Run();
  EXPECT_EQ(Hear(far()), "body");
  const size_t size = Stuff(far());
  far_.distant.Reset();
  EXPECT_TRUE(Takes(program(), size));
  EXPECT_TRUE(is_over());
  EXPECT_EQ(Hear(program()), "end");
}

TEST_P(SpliceTest, PassesAnEndBeforeTheGateShuts) {
  Open({"", std::make_unique<Counted>(40)});
  Say(program(), "short");
  program_.distant.Reset();
  Run();
  EXPECT_EQ(Hear(far()), "short");
  EXPECT_EQ(Hear(far()), "end");
}

TEST_P(SpliceTest, CutsWhatSpoilsTheGate) {
  Open({"", std::make_unique<Counted>(40)});
  Say(program(), "so!");
  Run();
  EXPECT_TRUE(is_over());
  EXPECT_TRUE(IsCut(far()));
  EXPECT_EQ(Hear(program()), "reset");
}

TEST_P(SpliceTest, AsksForTheProgramBehindAShutGateOnceItHasEnded) {
  Open({"", std::make_unique<Counted>(1)});
  Say(program(), "x");
  Run();
  EXPECT_FALSE(splice_->IsHalfClosed()) << "it waits for an answer";
  program_.distant.Reset();
  Run();
  EXPECT_TRUE(splice_->IsHalfClosed());
}

TEST_P(SpliceTest, CutsBothEndsWhenItIsDestroyed) {
  splice_.reset();
  EXPECT_EQ(Hear(program()), "reset");
  EXPECT_EQ(Hear(far()), "reset");
}

}  // namespace
}  // namespace supervisor
