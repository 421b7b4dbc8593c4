#include "config/host_section.h"

#include <gtest/gtest.h>

#include <string>

#include "rules_text.h"

namespace config {
namespace {

// "name=address name=address", in the image's order.
std::string Hosts(const BuiltText& built) {
  std::string out;
  for (const HostAddress& host : built.config().hosts()) {
    std::array<char, base::kMaxEndpointText> buffer;
    out += out.empty() ? "" : " ";
    out += built.Text(host.name) + "=";
    out += base::Endpoint(host.address, 0).HostText(buffer, false);
  }
  return out;
}

TEST(HostReaderTest, TakesSeveralAddressesInTheirOrder) {
  const BuiltText built(
      "[hosts]\nmirror.example = 192.0.2.7 2001:db8::7\n  192.0.2.1 ; the old one\n"
      "a_b.example = ::1\n");
  ASSERT_EQ(built.Complaints(), "");
  EXPECT_EQ(Hosts(built),
            "a_b.example=::1 mirror.example=192.0.2.7 mirror.example=2001:db8::7 "
            "mirror.example=192.0.2.1");
  EXPECT_EQ(built.config().hosts()[3].source.line, 3u);
}

TEST(HostReaderTest, ComparesNamesWithoutCaseAndFinalDot) {
  const BuiltText built("[hosts]\nMirror.Example. = ::ffff:192.0.2.7\n");
  ASSERT_EQ(built.Complaints(), "");
  EXPECT_EQ(Hosts(built), "mirror.example=192.0.2.7");
  EXPECT_EQ(
      BuiltText("[hosts]\na.example = ::1\n[rules]\n[hosts]\nA.Example. = ::2\n").Complaints(),
      "t.conf:5: 'A.Example.' is given twice; first on line 2\n");
}

TEST(HostReaderTest, RefusesWhatIsNoName) {
  EXPECT_EQ(BuiltText("[hosts]\n*.example = ::1\n  x\n10.0.0.1 = ::1\na b = ::1\n").Complaints(),
            "t.conf:2: bad host name '*.example': [hosts] takes no patterns\n"
            "t.conf:4: '10.0.0.1' is an address; write NAME = ADDRESS\n"
            "t.conf:5: bad host name 'a b'\n");
}

TEST(HostReaderTest, RefusesWhatIsNoAddress) {
  EXPECT_EQ(
      BuiltText("[hosts]\na = 10.0.0.0/8 b.example\nb = 10.0.0.1:80\n  10.0.0.256\n").Complaints(),
      "t.conf:2: bad address '10.0.0.0/8': an IPv4 or IPv6 address is needed\n"
      "t.conf:2: bad address 'b.example': an IPv4 or IPv6 address is needed\n"
      "t.conf:3: bad address '10.0.0.1:80': an IPv4 or IPv6 address is needed\n"
      "t.conf:4: bad address '10.0.0.256': an IPv4 or IPv6 address is needed\n");
  EXPECT_EQ(BuiltText("[hosts]\na =\nb = ; none\n").Complaints(),
            "t.conf:2: 'a' has no address\nt.conf:3: 'b' has no address\n");
}

}  // namespace
}  // namespace config
