#include "listener/listen_address.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "../engine/rules_session.h"

namespace listener {
namespace {

std::string Read(std::string_view text) {
  const auto address = ListenAddress(text);
  std::array<char, base::kMaxEndpointText> buffer;
  return address ? std::string(address->Text(buffer)) : "none";
}

TEST(ListenAddressTest, IsLoopbackUnlessItSaysOtherwise) {
  EXPECT_EQ(Read("1080"), "127.0.0.1:1080");
  EXPECT_EQ(Read("0"), "127.0.0.1:0");
  EXPECT_EQ(Read("localhost:1080"), "127.0.0.1:1080");
  EXPECT_EQ(Read("0.0.0.0:1080"), "0.0.0.0:1080");
  EXPECT_EQ(Read("[::1]:1080"), "[::1]:1080");
}

TEST(ListenAddressTest, IsNothingElse) {
  for (const char* const text : {"", ":", ":1080", "x", "host.example:1080", "::1", "::1:1080",
                                 "[::1]", "127.0.0.1", "127.0.0.1:", "65536", "-1", "1080 "}) {
    EXPECT_EQ(Read(text), "none") << text;
  }
}

TEST(ListenAddressTest, FindsAProxyThatIsTheListenerItself) {
  const engine::Session session = engine::SessionOf(
      "[gochain]\ndefault = a\n[proxy a]\nurl = socks5://127.0.0.1:1080\n"
      "[proxy b]\nurl = http://localhost:8080\n[proxy c]\nurl = socks5://192.0.2.1:1081\n");
  const auto is_own = [&](const char* text) {
    return ProxyAt(session.config(), *ListenAddress(text)) != nullptr;
  };
  EXPECT_TRUE(is_own("1080"));
  EXPECT_TRUE(is_own("0.0.0.0:1080"));
  EXPECT_TRUE(is_own("8080"));
  EXPECT_FALSE(is_own("1081"));
  EXPECT_FALSE(is_own("127.0.0.2:1080"));
}

}  // namespace
}  // namespace listener
