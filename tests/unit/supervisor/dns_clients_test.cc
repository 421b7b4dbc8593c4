#include "supervisor/dns_clients.h"

#include <gtest/gtest.h>

namespace supervisor {
namespace {

using Kind = DnsClients::Kind;

DnsClient Asking(uint32_t server, unsigned ndots = 1) {
  names::ResolvConf conf;
  conf.ndots = ndots;
  conf.AddSearch("corp.example");
  return {base::Endpoint(base::IpAddress::V4(server), kDnsPort), conf};
}

TEST(DnsClientsTest, KnowsAPortByItsKind) {
  DnsClients clients;
  clients.Put(Kind::kUdpV4, 1000, Asking(1));
  ASSERT_NE(clients.Find(Kind::kUdpV4, 1000), nullptr);
  EXPECT_EQ(*clients.Find(Kind::kUdpV4, 1000), Asking(1));
  EXPECT_EQ(clients.Find(Kind::kUdpV4, 1001), nullptr);
  EXPECT_EQ(clients.Find(Kind::kTcpV4, 1000), nullptr);
}

TEST(DnsClientsTest, ForgetsWhoHadThePortBefore) {
  DnsClients clients;
  clients.Put(Kind::kUdpV4, 1000, Asking(1));
  clients.Put(Kind::kUdpV4, 1000, Asking(2));
  EXPECT_EQ(*clients.Find(Kind::kUdpV4, 1000), Asking(2));
}

TEST(DnsClientsTest, TellsClientsApartThatDifferInAnything) {
  DnsClients clients;
  clients.Put(Kind::kUdpV4, 1, Asking(1));
  clients.Put(Kind::kUdpV4, 2, Asking(2));
  clients.Put(Kind::kUdpV4, 3, Asking(2, 5));
  EXPECT_EQ(*clients.Find(Kind::kUdpV4, 1), Asking(1));
  EXPECT_EQ(*clients.Find(Kind::kUdpV4, 2), Asking(2));
  EXPECT_EQ(*clients.Find(Kind::kUdpV4, 3), Asking(2, 5));
}

// A tree looks names up by the thousand.
TEST(DnsClientsTest, KeepsWhatIsAlikeOnce) {
  DnsClients clients;
  for (uint16_t port = 1; port < 100; ++port) {
    clients.Put(Kind::kUdpV4, port, Asking(1));
  }
  EXPECT_EQ(clients.Find(Kind::kUdpV4, 1), clients.Find(Kind::kUdpV4, 99));
}

}  // namespace
}  // namespace supervisor
