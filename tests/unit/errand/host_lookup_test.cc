#include "errand/host_lookup.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <array>
#include <string>
#include <vector>

namespace errand {
namespace {

using base::IpAddress;

std::vector<IpAddress> Three(const std::string& name) {
  EXPECT_EQ(name, "proxy.example");
  return {IpAddress::V4(1), IpAddress::V4(2), IpAddress::V4(3)};
}

std::vector<IpAddress> None(const std::string&) { return {}; }

int Take(std::vector<IpAddress> (*look)(const std::string&), std::span<IpAddress> out) {
  const HostLookup lookup("proxy.example", look);
  pollfd watched{lookup.fd(), POLLIN, 0};
  EXPECT_EQ(poll(&watched, 1, 20000), 1);
  EXPECT_TRUE(lookup.done());
  return lookup.Take(out);
}

TEST(HostLookupTest, GivesAsManyAddressesAsAreWanted) {
  std::array<IpAddress, 2> two;
  EXPECT_EQ(Take(Three, two), 2);
  EXPECT_EQ(two[1], IpAddress::V4(2));
  std::array<IpAddress, 4> four;
  EXPECT_EQ(Take(Three, four), 3);
  EXPECT_EQ(Take(None, four), 0);
}

TEST(HostLookupTest, AsksTheMachine) {
  const auto found = LookUpHost("127.0.0.1");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0], IpAddress::V4(0x7f000001));
}

}  // namespace
}  // namespace errand
