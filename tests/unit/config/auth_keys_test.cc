#include "config/auth_keys.h"

#include <gtest/gtest.h>

#include <string>

#include "rules_text.h"

namespace config {
namespace {

std::string Section(const std::string& lines, const std::string& scheme = "http") {
  return "[proxy p]\nurl = " + scheme + "://CORP%5Calice:s3cret@proxy.example:8080\n" + lines +
         "\n[rules]\np = *\n";
}

TEST(AuthKeysTest, AreReadIntoTheProxy) {
  struct Row {
    const char* word;
    Auth auth;
  };
  constexpr Row kRows[] = {
      {"basic", Auth::kBasic}, {"digest", Auth::kDigest}, {"ntlm", Auth::kNtlm}};
  for (const Row& row : kRows) {
    for (const char* scheme : {"http", "https"}) {
      const BuiltText built(Section(std::string("auth = ") + row.word + "\n", scheme));
      ASSERT_TRUE(built.ok()) << built.Complaints();
      EXPECT_EQ(built.config().proxies()[0].auth, row.auth);
    }
  }
}

TEST(AuthKeysTest, LeaveTheChoiceToTheProxyWhereTheyAreNotThere) {
  const BuiltText built(Section(""));
  ASSERT_TRUE(built.ok()) << built.Complaints();
  EXPECT_EQ(built.config().proxies()[0].auth, Auth::kAny);
  EXPECT_EQ(built.config().proxies()[0].workstation.size, 0u);
}

TEST(AuthKeysTest, NameTheWorkstation) {
  for (const char* auth : {"", "auth = ntlm\n"}) {
    const BuiltText built(Section(std::string("workstation = PC7\n") + auth));
    ASSERT_TRUE(built.ok()) << built.Complaints();
    EXPECT_EQ(built.Text(built.config().proxies()[0].workstation), "PC7");
  }
}

TEST(AuthKeysTest, ComplainOfBothAtOnce) {
  const BuiltText built(Section("auth = ntlm\nworkstation = PC7\n", "socks5"));
  EXPECT_EQ(built.Complaints(),
            "t.conf:3: 'auth' is for http and https proxies\n"
            "t.conf:4: 'workstation' is for http and https proxies\n");
}

}  // namespace
}  // namespace config
