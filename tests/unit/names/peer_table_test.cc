#include "names/peer_table.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

namespace names {
namespace {

base::Endpoint At(const char* address, uint16_t port) {
  return {*base::IpAddress::Parse(address), port};
}

class PeerTableTest : public testing::Test {
 protected:
  std::vector<uint8_t> region_ = std::vector<uint8_t>(PeerTable::RegionSize());
  PeerTable table_{region_};
};

TEST_F(PeerTableTest, TellsWhatTheProgramAskedFor) {
  table_.Put(77, At("127.0.0.1", 1080), At("198.19.3.4", 443));
  EXPECT_EQ(table_.Find(77, At("127.0.0.1", 1080)), At("198.19.3.4", 443));
  table_.Put(78, At("2001:db8::9", 8080), At("2001:db8::1", 65535));
  EXPECT_EQ(table_.Find(78, At("2001:db8::9", 8080)), At("2001:db8::1", 65535));
}

TEST_F(PeerTableTest, HasNoAnswerForASocketThatIsConnectedElsewhereNow) {
  table_.Put(77, At("127.0.0.1", 1080), At("198.19.3.4", 443));
  EXPECT_FALSE(table_.Find(77, At("127.0.0.1", 1081)));
  EXPECT_FALSE(table_.Find(77, At("127.0.0.2", 1080)));
  EXPECT_FALSE(table_.Find(76, At("127.0.0.1", 1080)));
}

TEST_F(PeerTableTest, ReplacesTheEntryOfASocketThatIsDialledAgain) {
  table_.Put(77, At("127.0.0.1", 1080), At("198.19.3.4", 443));
  table_.Put(77, At("127.0.0.1", 1080), At("198.19.3.5", 80));
  EXPECT_EQ(table_.Find(77, At("127.0.0.1", 1080)), At("198.19.3.5", 80));
}

TEST_F(PeerTableTest, KeepsTheNewestOfFarMoreSocketsThanItHasRoomFor) {
  for (uint64_t inode = 1; inode <= 100000; ++inode) {
    table_.Put(inode, At("127.0.0.1", 1080), At("192.0.2.1", static_cast<uint16_t>(inode)));
  }
  size_t kept = 0;
  for (uint64_t inode = 100000 - 999; inode <= 100000; ++inode) {
    const auto found = table_.Find(inode, At("127.0.0.1", 1080));
    kept += found == At("192.0.2.1", static_cast<uint16_t>(inode)) ? 1 : 0;
  }
  EXPECT_GE(kept, 990u);
}

TEST_F(PeerTableTest, UsesAnEntryAgainWhoseWriterDied) {
  std::memset(region_.data(), 0xff, region_.size());
  table_.Put(5, At("127.0.0.1", 1), At("192.0.2.1", 2));
  EXPECT_EQ(table_.Find(5, At("127.0.0.1", 1)), At("192.0.2.1", 2));
}

TEST_F(PeerTableTest, NeverMixesTwoEntries) {
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (uint16_t i = 1; !stop; ++i) {
      table_.Put(9, At("127.0.0.1", i), At("192.0.2.1", i));
    }
  });
  for (int i = 0; i < 200000; ++i) {
    const auto port = static_cast<uint16_t>(i);
    const auto found = table_.Find(9, At("127.0.0.1", port));
    ASSERT_TRUE(!found || found->port() == port);
  }
  stop = true;
  writer.join();
}

}  // namespace
}  // namespace names
