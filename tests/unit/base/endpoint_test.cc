#include "base/endpoint.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace base {
namespace {

std::string Text(const Endpoint& endpoint) {
  std::array<char, kMaxEndpointText> buffer;
  return std::string(endpoint.Text(buffer));
}

std::string Host(const IpAddress& address) {
  std::array<char, kMaxEndpointText> buffer;
  return std::string(Endpoint(address, 0).HostText(buffer, false));
}

TEST(IpAddressTest, ParsesAndPrintsTheShortestForm) {
  const char* const cases[][2] = {{"192.0.2.7", "192.0.2.7"},
                                  {"0.0.0.0", "0.0.0.0"},
                                  {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
                                  {"[2001:db8::1]", "2001:db8::1"},
                                  {"::", "::"},
                                  {"::1", "::1"},
                                  {"1::", "1::"},
                                  {"1:0:0:2:0:0:0:3", "1:0:0:2::3"},
                                  {"1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"},
                                  {"fe80:0:0:1:0:0:1:1", "fe80::1:0:0:1:1"},
                                  {"::ffff:192.0.2.7", "192.0.2.7"},
                                  {"64:ff9b::192.0.2.7", "64:ff9b::c000:207"}};
  for (const auto& [in, out] : cases) {
    const auto address = IpAddress::Parse(in);
    ASSERT_TRUE(address) << in;
    EXPECT_EQ(Host(*address), out) << in;
  }
}

TEST(IpAddressTest, RefusesWhatIsNoAddress) {
  for (const char* const text : {"",
                                 "1.2.3",
                                 "1.2.3.4.5",
                                 "256.1.1.1",
                                 "1.2.3.04",
                                 "1.2.3.4 ",
                                 "0x7f.0.0.1",
                                 ":",
                                 ":::",
                                 "1:",
                                 "1::2::3",
                                 "1:2:3:4:5:6:7",
                                 "1:2:3:4:5:6:7:8:9",
                                 "::12345",
                                 "1:2:3:4:5:6:7::8:9",
                                 "[::1",
                                 "::1%lo",
                                 "1.2.3.4:80",
                                 "::ffff:1.2.3",
                                 "1:2:3:4:5:6:7:1.2.3.4",
                                 "g::1",
                                 "[1.2.3.4"}) {
    EXPECT_FALSE(IpAddress::Parse(text)) << text;
  }
}

TEST(IpAddressTest, KnowsLoopbackAndPrivateRanges) {
  for (const char* const text :
       {"127.0.0.1", "127.255.0.9", "::1", "0.0.0.0", "::", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(IpAddress::Parse(text)->IsLoopback()) << text;
  }
  for (const char* const text : {"128.0.0.1", "::2", "1::1", "126.255.255.255"}) {
    EXPECT_FALSE(IpAddress::Parse(text)->IsLoopback()) << text;
  }
  for (const char* const text :
       {"10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.9.9", "169.254.1.1", "100.64.0.1",
        "100.127.1.1", "fd00::1", "fe80::1"}) {
    EXPECT_TRUE(IpAddress::Parse(text)->IsPrivate()) << text;
  }
  for (const char* const text : {"11.0.0.1", "172.15.0.1", "172.32.0.1", "192.169.0.1",
                                 "100.128.0.1", "2001:db8::1", "fec0::1", "ff02::1"}) {
    EXPECT_FALSE(IpAddress::Parse(text)->IsPrivate()) << text;
  }
}

TEST(IpAddressTest, MatchesPrefixesAtEveryBit) {
  const auto prefix = *IpAddress::Parse("10.160.0.0");
  EXPECT_TRUE(IpAddress::Parse("10.175.255.255")->InPrefix(prefix, 12));
  EXPECT_FALSE(IpAddress::Parse("10.176.0.0")->InPrefix(prefix, 12));
  EXPECT_TRUE(IpAddress::Parse("203.0.113.5")->InPrefix(*IpAddress::Parse("0.0.0.0"), 0));
  EXPECT_FALSE(IpAddress::Parse("::1")->InPrefix(*IpAddress::Parse("0.0.0.0"), 0));
  EXPECT_TRUE(IpAddress::Parse("fdff::1")->InPrefix(*IpAddress::Parse("fd00::"), 8));
  EXPECT_FALSE(IpAddress::Parse("10.160.0.1")->InPrefix(prefix, 32));
}

TEST(EndpointTest, LowersNamesAndDropsTheFinalDot) {
  const auto endpoint = Endpoint::FromName("Proxy.Golang.ORG.", 443);
  ASSERT_TRUE(endpoint);
  EXPECT_EQ(Text(*endpoint), "proxy.golang.org:443");
}

TEST(EndpointTest, RefusesNamesThatNoProtocolCanCarry) {
  EXPECT_FALSE(Endpoint::FromName("", 1));
  EXPECT_FALSE(Endpoint::FromName(".", 1));
  EXPECT_FALSE(Endpoint::FromName("a..", 1));
  EXPECT_FALSE(Endpoint::FromName(std::string(254, 'a'), 1));
  EXPECT_TRUE(Endpoint::FromName(std::string(253, 'a') + ".", 1));
  EXPECT_FALSE(Endpoint::FromName("a b", 1));
  EXPECT_FALSE(Endpoint::FromName("a\r\nX: y", 1));
  EXPECT_FALSE(Endpoint::FromName(std::string_view("a\0b", 3), 1));
}

TEST(EndpointTest, ReadsSocketAddressesAndRefusesShortOnes) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(8080);
  in.sin_addr.s_addr = htonl(0xc0000207);
  const auto* const address = reinterpret_cast<const sockaddr*>(&in);
  EXPECT_EQ(Text(*Endpoint::FromSockaddr(address, sizeof in)), "192.0.2.7:8080");
  EXPECT_FALSE(Endpoint::FromSockaddr(address, sizeof in - 1));
  EXPECT_FALSE(Endpoint::FromSockaddr(address, 1));
  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(22);
  in6.sin6_addr.s6_addr[0] = 0xfd;
  const auto* const address6 = reinterpret_cast<const sockaddr*>(&in6);
  EXPECT_EQ(Text(*Endpoint::FromSockaddr(address6, sizeof in6)), "[fd00::]:22");
  EXPECT_EQ(Text(*Endpoint::FromSockaddr(address6, 24)), "[fd00::]:22");
  EXPECT_FALSE(Endpoint::FromSockaddr(address6, 23));
}

TEST(EndpointTest, PrintsTheLongestNameWhole) {
  const std::string name(253, 'x');
  EXPECT_EQ(Text(*Endpoint::FromName(name, 65535)), name + ":65535");
}

TEST(EndpointTest, ComparesAddressesNamesAndPorts) {
  const auto address = *IpAddress::Parse("192.0.2.1");
  EXPECT_EQ(Endpoint(address, 1), Endpoint(address, 1));
  EXPECT_FALSE(Endpoint(address, 1) == Endpoint(address, 2));
  EXPECT_EQ(*Endpoint::FromName("a", 1), *Endpoint::FromName("A.", 1));
  EXPECT_FALSE(*Endpoint::FromName("a", 1) == *Endpoint::FromName("b", 1));
  EXPECT_FALSE(*Endpoint::FromName("a", 1) == Endpoint(address, 1));
}

TEST(ToSockaddrTest, MapsIpv4ForDualStackSocketsAndRefusesIpv6ForIpv4Ones) {
  sockaddr_storage storage;
  const auto v4 = *IpAddress::Parse("192.0.2.7");
  ASSERT_EQ(ToSockaddr(v4, 80, AF_INET6, &storage), sizeof(sockaddr_in6));
  const auto* const in6 = reinterpret_cast<const sockaddr_in6*>(&storage);
  EXPECT_TRUE(IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr));
  EXPECT_EQ(Endpoint::FromSockaddr(reinterpret_cast<sockaddr*>(&storage), sizeof *in6),
            Endpoint(v4, 80));
  EXPECT_EQ(ToSockaddr(v4, 80, AF_INET, &storage), sizeof(sockaddr_in));
  EXPECT_EQ(ToSockaddr(*IpAddress::Parse("::1"), 80, AF_INET, &storage), 0u);
}

}  // namespace
}  // namespace base
