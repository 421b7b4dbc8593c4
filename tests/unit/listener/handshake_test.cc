#include "listener/handshake.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

namespace listener {
namespace {

using State = Handshake::State;

struct Heard {
  State state = State::kReading;
  size_t taken = 0;
  std::string answer;
  std::string target;
  Protocol protocol = Protocol::kSocks5;

  bool operator==(const Heard&) const = default;
};

Heard HearInPieces(std::string_view text, size_t piece) {
  Handshake handshake;
  Heard out;
  while (out.taken < text.size() && handshake.state() == State::kReading) {
    const std::string_view some = text.substr(out.taken, piece);
    out.taken +=
        handshake.Take({reinterpret_cast<const uint8_t*>(some.data()), some.size()}, &out.answer);
  }
  out.state = handshake.state();
  if (out.state == State::kRequested) {
    std::array<char, base::kMaxEndpointText> buffer;
    out.target = handshake.request().target.Text(buffer);
    out.protocol = handshake.request().protocol;
  }
  return out;
}

// Of all ways to cut it, which must come to the same.
Heard Hear(const std::string& text) {
  const Heard whole = HearInPieces(text, text.size());
  for (size_t piece = 1; piece < text.size() && piece < 600; ++piece) {
    EXPECT_EQ(HearInPieces(text, piece), whole) << "in pieces of " << piece;
  }
  return whole;
}

std::string Bytes(std::initializer_list<int> bytes) { return {bytes.begin(), bytes.end()}; }

const std::string kGreeting = Bytes({5, 1, 0});
const std::string kMethod = Bytes({5, 0});
std::string Socks5Reply(int code) { return Bytes({5, code, 0, 1, 0, 0, 0, 0, 0, 0}); }
const std::string kSocks4Failed = Bytes({0, 91, 0, 0, 0, 0, 0, 0});

TEST(HandshakeTest, ReadsSocks5WithEachTypeOfAddress) {
  const std::string name = kGreeting + Bytes({5, 1, 0, 3, 11}) + "Pkg.Example" + Bytes({1, 187});
  const Heard heard = Hear(name + "tunnel");
  EXPECT_EQ(heard.state, State::kRequested);
  EXPECT_EQ(heard.protocol, Protocol::kSocks5);
  EXPECT_EQ(heard.target, "pkg.example:443");
  EXPECT_EQ(heard.answer, kMethod);
  EXPECT_EQ(heard.taken, name.size()) << "what follows is the tunnel's";
  EXPECT_EQ(Hear(kGreeting + Bytes({5, 1, 0, 1, 192, 0, 2, 7, 0, 80})).target, "192.0.2.7:80");
  EXPECT_EQ(Hear(kGreeting +
                 Bytes({5, 1, 0, 4, 32, 1, 13, 184, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 80}))
                .target,
            "[2001:db8::1]:80");
  EXPECT_EQ(Hear(kGreeting + Bytes({5, 1, 0, 3, 9}) + "192.0.2.7" + Bytes({0, 80})).target,
            "192.0.2.7:80")
      << "an address, though it comes as a name";
}

TEST(HandshakeTest, ChoosesNoAuthenticationOfSeveralMethods) {
  EXPECT_EQ(Hear(Bytes({5, 2, 2, 0})).answer, kMethod);
  const Heard heard = Hear(Bytes({5, 1, 2}));
  EXPECT_EQ(heard.state, State::kRefused);
  EXPECT_EQ(heard.answer, Bytes({5, 255}));
  EXPECT_EQ(Hear(Bytes({5, 0})).answer, Bytes({5, 255}));
}

TEST(HandshakeTest, RefusesOtherSocks5Commands) {
  for (const int command : {2, 3, 9}) {
    const Heard heard = Hear(kGreeting + Bytes({5, command, 0, 1, 0, 0, 0, 0, 0, 0}));
    EXPECT_EQ(heard.state, State::kRefused);
    EXPECT_EQ(heard.answer, kMethod + Socks5Reply(7));
  }
}

TEST(HandshakeTest, RefusesMalformedSocks5) {
  EXPECT_EQ(Hear(kGreeting + Bytes({5, 1, 0, 2})).answer, kMethod + Socks5Reply(8));
  EXPECT_EQ(Hear(kGreeting + Bytes({4})).answer, kMethod + Socks5Reply(1));
  EXPECT_EQ(Hear(kGreeting + Bytes({5, 1, 0, 3, 0, 0, 80})).answer, kMethod + Socks5Reply(1));
  const std::string with_nul = kGreeting + Bytes({5, 1, 0, 3, 3, 'a', 0, 'b', 0, 80});
  EXPECT_EQ(Hear(with_nul).answer, kMethod + Socks5Reply(1));
}

TEST(HandshakeTest, ReadsSocks4And4a) {
  const Heard heard = Hear(Bytes({4, 1, 0, 80, 192, 0, 2, 7}) + "me" + Bytes({0}) + "tunnel");
  EXPECT_EQ(heard.state, State::kRequested);
  EXPECT_EQ(heard.protocol, Protocol::kSocks4);
  EXPECT_EQ(heard.target, "192.0.2.7:80");
  EXPECT_EQ(heard.taken, 11u);
  const std::string by_name =
      Bytes({4, 1, 0, 80, 0, 0, 0, 1, 0}) + "pkg.example" + Bytes({0}) + "tunnel";
  EXPECT_EQ(Hear(by_name).target, "pkg.example:80");
  EXPECT_EQ(Hear(by_name).taken, by_name.size() - 6);
  EXPECT_EQ(Hear(Bytes({4, 1, 0, 80, 0, 0, 0, 0, 0})).target, "0.0.0.0:80");
}

TEST(HandshakeTest, RefusesMalformedSocks4) {
  const std::string head = Bytes({4, 1, 0, 80, 0, 0, 0, 1});
  EXPECT_EQ(Hear(Bytes({4, 2, 0, 80, 192, 0, 2, 7, 0})).answer, kSocks4Failed);
  EXPECT_EQ(Hear(head + Bytes({0, 0})).answer, kSocks4Failed) << "an empty name";
  EXPECT_EQ(Hear(head + std::string(300, 'u')).answer, kSocks4Failed);
  EXPECT_EQ(Hear(head + Bytes({0}) + std::string(300, 'n')).answer, kSocks4Failed);
  const std::string longest = head + std::string(255, 'u') + Bytes({0}) + std::string(200, 'n');
  EXPECT_EQ(Hear(longest + Bytes({0})).state, State::kRequested);
}

TEST(HandshakeTest, ReadsHttpToTheEmptyLine) {
  const std::string head = "CONNECT pkg.example:443 HTTP/1.1\r\nHost: pkg.example:443\r\n\r\n";
  const Heard heard = Hear(head + "\x16\x03\x01");
  EXPECT_EQ(heard.state, State::kRequested);
  EXPECT_EQ(heard.protocol, Protocol::kConnect);
  EXPECT_EQ(heard.target, "pkg.example:443");
  EXPECT_EQ(heard.taken, head.size());
  EXPECT_EQ(heard.answer, "");
  EXPECT_EQ(Hear("GET http://a.example/ HTTP/1.1\n\nx").taken, 32u);
}

TEST(HandshakeTest, TellsWhoeverSpeaksSomethingElse) {
  for (const std::string& text : {std::string("\x16\x03\x01\x02"), std::string("\r\n"),
                                  std::string("SSH-2.0-x\r\n\r\n"), std::string(1, '\0')}) {
    const Heard heard = Hear(text);
    EXPECT_EQ(heard.state, State::kRefused) << text;
    EXPECT_EQ(heard.answer.substr(0, 13), "HTTP/1.1 400 ") << text;
  }
}

TEST(HandshakeTest, EndsAHeadWithoutEnd) {
  const Heard heard = HearInPieces("GET " + std::string(200 * 1024, 'x'), 4096);
  EXPECT_EQ(heard.state, State::kRefused);
  EXPECT_EQ(heard.answer.substr(0, 13), "HTTP/1.1 431 ");
  EXPECT_EQ(heard.taken, Handshake::kMaxHead);
}

}  // namespace
}  // namespace listener
