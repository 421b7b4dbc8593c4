#include "relay/copy.h"

#include <thread>

#include "relay_world.h"

namespace relay {
namespace {

class CopyTest : public RelayTest {};

std::string Bytes(size_t size) {
  std::string out(size, '\0');
  unsigned value = 1;
  for (char& c : out) {
    value = value * 1103515245 + 12345;
    c = static_cast<char>(value >> 16);
  }
  return out;
}

void SayAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    ASSERT_GT(sent, 0);
    text.remove_prefix(static_cast<size_t>(sent));
  }
}

TEST_F(CopyTest, CopiesMuchBothWaysAtOnce) {
  Tunnel tunnel = Open();
  const std::string up = Bytes(5'000'000);
  const std::string down = Bytes(7'000'000);
  std::thread program([&] {
    SayAll(tunnel.program.get(), up);
    shutdown(tunnel.program.get(), SHUT_WR);
  });
  std::thread far([&] {
    SayAll(tunnel.far.get(), down);
    shutdown(tunnel.far.get(), SHUT_WR);
  });
  std::string got;
  std::thread reader([&] { got = Receive(tunnel.program.get(), down.size() + 1); });
  EXPECT_TRUE(Receive(tunnel.far.get(), up.size() + 1) == up);
  program.join();
  far.join();
  reader.join();
  EXPECT_TRUE(got == down);
}

TEST_F(CopyTest, HalfClosesEachWay) {
  {
    Tunnel tunnel = Open();
    shutdown(tunnel.program.get(), SHUT_WR);
    EXPECT_EQ(Next(tunnel.far.get()), "end");
    Say(tunnel.far.get(), "late answer");
    EXPECT_EQ(Receive(tunnel.program.get(), 11), "late answer");
    tunnel.far.Reset();
    EXPECT_EQ(Next(tunnel.program.get()), "end");
  }
  Tunnel tunnel = Open();
  Say(tunnel.far.get(), "goodbye");
  shutdown(tunnel.far.get(), SHUT_WR);
  EXPECT_EQ(Receive(tunnel.program.get(), 100), "goodbye");
  Say(tunnel.program.get(), "late word");
  EXPECT_EQ(Receive(tunnel.far.get(), 9), "late word");
  tunnel.program.Reset();
  EXPECT_EQ(Next(tunnel.far.get()), "end");
}

TEST_F(CopyTest, GivesAResetForAReset) {
  Tunnel tunnel = Open();
  Say(tunnel.far.get(), "last words");
  EXPECT_EQ(Receive(tunnel.program.get(), 10), "last words");
  Reset(std::move(tunnel.far));
  EXPECT_EQ(Next(tunnel.program.get()), "reset");
  Tunnel other = Open();
  Reset(std::move(other.program));
  EXPECT_EQ(Next(other.far.get()), "reset");
}

TEST_F(CopyTest, PassesAResetOnWhileTheOtherEndDoesNotRead) {
  Tunnel tunnel = Open();
  const std::string much(1 << 20, 'x');
  while (send(tunnel.program.get(), much.data(), much.size(), MSG_DONTWAIT) > 0) {
    poll(nullptr, 0, 20);
  }
  Reset(std::move(tunnel.program));
  std::string next;
  do {
    next = Next(tunnel.far.get());
  } while (next[0] == 'x');
  EXPECT_EQ(next, "reset");
}

TEST_F(CopyTest, ReadsNoFasterThanTheOtherEndTakes) {
  Tunnel tunnel = Open();
  const std::string piece(64 * 1024, 'x');
  size_t sent = 0;
  for (int quiet = 0; quiet < 10;) {
    const ssize_t more = send(tunnel.far.get(), piece.data(), piece.size(), MSG_DONTWAIT);
    if (more > 0) {
      sent += static_cast<size_t>(more);
      quiet = 0;
    } else {
      ++quiet;
      poll(nullptr, 0, 20);
    }
  }
  // Four kernel buffers at the most, of a few MB each, and the relay's own 64 KB.
  EXPECT_LT(sent, size_t{64} << 20);
  EXPECT_EQ(Receive(tunnel.program.get(), sent).size(), sent);
}

}  // namespace
}  // namespace relay
