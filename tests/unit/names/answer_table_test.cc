#include "names/answer_table.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace names {
namespace {

base::IpAddress Ip(const std::string& text) { return *base::IpAddress::Parse(text); }

class AnswerTableTest : public testing::Test {
 protected:
  std::string NameOf(const std::string& address) const {
    const auto name = table_.NameOf(Ip(address));
    return name ? std::string(name->name()) : std::string();
  }

  std::vector<uint8_t> region_ = std::vector<uint8_t>(AnswerTable::RegionSize());
  AnswerTable table_{region_};
};

TEST_F(AnswerTableTest, TellsTheNameThatAnAddressWasGivenFor) {
  const std::string longest(253, 'n');
  table_.Put(Ip("10.0.0.5"), "git.corp.example");
  table_.Put(Ip("2001:db8::5"), longest);
  EXPECT_EQ(NameOf("10.0.0.5"), "git.corp.example");
  EXPECT_EQ(NameOf("2001:db8::5"), longest);
}

TEST_F(AnswerTableTest, TakesAMappedAddressForTheIpv4OneItIs) {
  table_.Put(Ip("::ffff:10.0.0.5"), "git.corp.example");
  EXPECT_EQ(NameOf("10.0.0.5"), "git.corp.example");
}

TEST_F(AnswerTableTest, KnowsNoNameOfOtherAddresses) {
  table_.Put(Ip("10.0.0.5"), "git.corp.example");
  EXPECT_EQ(NameOf("10.0.0.6"), "");
  EXPECT_EQ(NameOf("0.0.0.0"), "");
  EXPECT_EQ(NameOf("2001:db8::5"), "");
  EXPECT_FALSE(AnswerTable().NameOf(Ip("10.0.0.5")));
}

TEST_F(AnswerTableTest, LetsTheNewestAnswerWin) {
  table_.Put(Ip("10.0.0.5"), "old.example");
  table_.Put(Ip("10.0.0.5"), "new.example");
  EXPECT_EQ(NameOf("10.0.0.5"), "new.example");
}

TEST_F(AnswerTableTest, LeavesLoopbackToEverybody) {
  for (const char* const address : {"127.0.0.1", "127.8.9.1", "::1", "0.0.0.0", "::"}) {
    table_.Put(Ip(address), "ads.example");
    EXPECT_EQ(NameOf(address), "") << address;
  }
}

TEST_F(AnswerTableTest, LeavesOutNamesThatAreEmptyOrTooLong) {
  table_.Put(Ip("10.0.0.5"), "");
  EXPECT_EQ(NameOf("10.0.0.5"), "");
  table_.Put(Ip("10.0.0.5"), std::string(254, 'n'));
  EXPECT_EQ(NameOf("10.0.0.5"), "");
}

TEST_F(AnswerTableTest, KeepsTheNewestOfFarMoreAddressesThanItHasRoomFor) {
  const auto address = [](uint32_t i) { return base::IpAddress::V4(10u << 24 | i); };
  for (uint32_t i = 0; i < 30000; ++i) {
    table_.Put(address(i), "host" + std::to_string(i));
  }
  size_t kept = 0;
  for (uint32_t i = 30000 - 500; i < 30000; ++i) {
    const auto name = table_.NameOf(address(i));
    kept += name && name->name() == "host" + std::to_string(i) ? 1 : 0;
  }
  EXPECT_GE(kept, 490u);
}

TEST_F(AnswerTableTest, SurvivesHostileBytes) {
  std::memset(region_.data(), 0xff, region_.size());
  EXPECT_EQ(NameOf("10.0.0.5"), "");
  table_.Put(Ip("10.0.0.5"), "git.corp.example");
  EXPECT_EQ(NameOf("10.0.0.5"), "git.corp.example");
}

TEST_F(AnswerTableTest, NeverMixesTwoNames) {
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (size_t i = 0; !stop; ++i) {
      table_.Put(Ip("10.0.0.5"), std::string(1 + i % 253, static_cast<char>('a' + i % 26)));
    }
  });
  for (int i = 0; i < 50000; ++i) {
    const std::string name = NameOf("10.0.0.5");
    ASSERT_TRUE(name.empty() || name == std::string(name.size(), name[0])) << name;
  }
  stop = true;
  writer.join();
}

}  // namespace
}  // namespace names
