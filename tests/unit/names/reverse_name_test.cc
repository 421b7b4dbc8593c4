#include "names/reverse_name.h"

#include <gtest/gtest.h>

#include <string>

namespace names {
namespace {

TEST(ParseReverseNameTest, ReadsIpv4Addresses) {
  EXPECT_EQ(ParseReverseName("7.2.0.192.in-addr.arpa"), base::IpAddress::Parse("192.0.2.7"));
  EXPECT_EQ(ParseReverseName("0.0.0.0.in-addr.arpa"), base::IpAddress());
}

TEST(ParseReverseNameTest, ReadsIpv6Addresses) {
  std::string name = "7.0.0.0.";
  for (int i = 0; i < 20; ++i) {
    name += "0.";
  }
  name += "8.b.d.0.1.0.0.2.ip6.arpa";
  EXPECT_EQ(ParseReverseName(name), base::IpAddress::Parse("2001:db8::7"));
  for (size_t cut = 1; cut < 8; ++cut) {
    EXPECT_FALSE(ParseReverseName(name.substr(cut))) << cut;
  }
  EXPECT_FALSE(ParseReverseName("00" + name.substr(3)));
  EXPECT_FALSE(ParseReverseName("g" + name.substr(1)));
}

TEST(ParseReverseNameTest, ReadsNothingElse) {
  for (const char* const name :
       {"2.0.192.in-addr.arpa", "1.7.2.0.192.in-addr.arpa", "256.2.0.192.in-addr.arpa",
        "a.2.0.192.in-addr.arpa", ".2.0.192.in-addr.arpa", "7.2.0.192.example", "in-addr.arpa",
        "99999999999.2.0.192.in-addr.arpa", "ip6.arpa", ""}) {
    EXPECT_FALSE(ParseReverseName(name)) << name;
  }
}

}  // namespace
}  // namespace names
