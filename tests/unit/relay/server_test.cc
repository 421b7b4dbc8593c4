#include "relay/server.h"

#include <dirent.h>

#include "relay_world.h"

namespace relay {
namespace {

using base::Cause;
using State = chain::Dial::State;

size_t OpenDescriptors() {
  DIR* const folder = opendir("/proc/self/fd");
  size_t count = 0;
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count;
}

class ServerTest : public RelayTest {};

TEST_F(ServerTest, TunnelsThroughThePath) {
  Tunnel tunnel = Open();
  Say(tunnel.program.get(), "question");
  EXPECT_EQ(Receive(tunnel.far.get(), 8), "question");
  Say(tunnel.far.get(), "answer");
  EXPECT_EQ(Receive(tunnel.program.get(), 6), "answer");
}

TEST_F(ServerTest, TakesNoByteOfTheTunnelForTheHandshake) {
  Program program = Dial();
  const base::Fd far = hops_[0].Accept();
  Hop::AnswerConnect(far.get(), SecondHop());
  EXPECT_NE(Receive(far.get(), 10), "");
  Say(far.get(), "HTTP/1.1 200 OK\r\n\r\nSSH-2.0-early");
  EXPECT_EQ(program.Finish(), State::kDone);
  EXPECT_EQ(Receive(program.socket.get(), 13), "SSH-2.0-early");
}

TEST_F(ServerTest, TellsWhichHopFailedAndWhy) {
  Program program = Dial();
  const base::Fd far = hops_[0].Accept();
  Hop::AnswerConnect(far.get(), SecondHop());
  Say(far.get(), "HTTP/1.1 403 No\r\n\r\n");
  ASSERT_EQ(program.Finish(), State::kFailed);
  EXPECT_EQ(program.dial.failure().cause, Cause::kForbidden);
  EXPECT_EQ(program.dial.failure().hop, 1);
  EXPECT_EQ(program.dial.failure().code, 403);
}

TEST_F(ServerTest, TellsThatTheFirstHopRefuses) {
  hops_[0].Close();
  Program program = Dial();
  ASSERT_EQ(program.Finish(), State::kFailed);
  EXPECT_EQ(program.dial.failure().cause, Cause::kRefused);
  EXPECT_EQ(program.dial.failure().hop, 0);
}

TEST_F(ServerTest, TellsWhichHopDidNotAnswerInTime) {
  const int64_t start_ms = base::NowMs();
  Program program = Dial();
  const base::Fd far = hops_[0].Accept();
  Hop::AnswerConnect(far.get(), SecondHop());
  ASSERT_EQ(program.Finish(), State::kFailed);
  EXPECT_EQ(program.dial.failure().cause, Cause::kTimedOut);
  EXPECT_EQ(program.dial.failure().hop, 1);
  EXPECT_GE(base::NowMs() - start_ms, kTimeoutMs);
}

TEST_F(ServerTest, ClosesAtOnceWithoutTheToken) {
  const int64_t start_ms = base::NowMs();
  for (const char* const request : {"S", "GET / HTTP/1.1\r\n\r\n", "Gchcrly1nine"}) {
    const base::Fd stranger = ConnectTo(access_.port);
    Say(stranger.get(), request);
    const std::string next = Next(stranger.get());
    EXPECT_TRUE(next == "end" || next == "reset") << next;
  }
  protocol::RelayAccess wrong = access_;
  wrong.request[15] ^= 1;
  const base::Fd stranger = ConnectTo(access_.port);
  std::array<uint8_t, protocol::kRelayRequestSize> bytes;
  protocol::WriteRelayRequest({.hop_count = 1, .target = {}}, wrong.request, bytes);
  Say(stranger.get(), {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  const std::string next = Next(stranger.get());
  EXPECT_TRUE(next == "end" || next == "reset") << next;
  EXPECT_LT(base::NowMs() - start_ms, 5000);
}

TEST_F(ServerTest, ListensOnLoopbackAlone) {
  // Anywhere else the port is free.
  const base::Fd other(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = Loopback(access_.port);
  address.sin_addr.s_addr = htonl(0x7f000002);
  EXPECT_EQ(bind(other.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
}

TEST_F(ServerTest, EndsTheDialWhenTheProgramGivesUp) {
  Program program = Dial();
  const base::Fd far = hops_[0].Accept();
  EXPECT_NE(Receive(far.get(), 10), "");
  const int64_t start_ms = base::NowMs();
  program.socket.Reset();
  std::string next;
  do {
    next = Next(far.get());
  } while (next != "end" && next != "reset" && next != "nothing");
  EXPECT_NE(next, "nothing");
  EXPECT_LT(base::NowMs() - start_ms, kTimeoutMs / 2);
}

TEST_F(ServerTest, EndsWithItsLastConnection) {
  Tunnel tunnel = Open();
  owner_.Go();
  Say(tunnel.program.get(), "still there?");
  EXPECT_EQ(Receive(tunnel.far.get(), 12), "still there?");
  tunnel.program.Reset();
  tunnel.far.Reset();
  thread_.join();
}

TEST_F(ServerTest, LeavesNoDescriptorBehind) {
  { const Tunnel first = Open(); }
  size_t before = 0;
  for (int i = 0; i < 500 && before != OpenDescriptors(); ++i) {
    before = OpenDescriptors();
    poll(nullptr, 0, 20);
  }
  {
    std::vector<Tunnel> tunnels;
    for (int i = 0; i < 20; ++i) {
      tunnels.push_back(Open());
    }
    Program refused = Dial();
    const base::Fd far = hops_[0].Accept();
    Say(far.get(), "HTTP/1.1 403 No\r\n\r\n");
    EXPECT_EQ(refused.Finish(), State::kFailed);
    Reset(std::move(tunnels[0].program));
    Reset(std::move(tunnels[1].far));
  }
  for (int i = 0; i < 500 && OpenDescriptors() != before; ++i) {
    poll(nullptr, 0, 20);
  }
  EXPECT_EQ(OpenDescriptors(), before);
}

}  // namespace
}  // namespace relay
