#include "names/name_table.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace names {
namespace {

class NameTableTest : public testing::Test {
 protected:
  std::vector<uint8_t> region_ = std::vector<uint8_t>(NameTable::RegionSize());
  NameTable table_{region_};
};

TEST_F(NameTableTest, GivesTheSameAddressForTheSameNameInEveryRun) {
  const auto address = table_.AddressOf("proxy.golang.org");
  ASSERT_TRUE(address);
  EXPECT_EQ(table_.AddressOf("proxy.golang.org"), address);
  std::vector<uint8_t> other(NameTable::RegionSize());
  EXPECT_EQ(NameTable(other).AddressOf("proxy.golang.org"), address);
  EXPECT_TRUE(NameTable::InRange(*address));
}

TEST_F(NameTableTest, GivesTheNameBack) {
  const std::string longest(253, 'n');
  for (const std::string& name : {std::string("a"), std::string("under_score.example"), longest}) {
    const auto address = table_.AddressOf(name);
    ASSERT_TRUE(address);
    EXPECT_EQ(table_.NameOf(*address)->name(), name);
  }
}

TEST_F(NameTableTest, TakesNoAddressInRangeForItsOwnThatItDidNotGiveOut) {
  EXPECT_FALSE(table_.NameOf(*base::IpAddress::Parse("198.19.7.7")));
  EXPECT_FALSE(table_.NameOf(*base::IpAddress::Parse("198.19.0.0")));
  EXPECT_FALSE(table_.NameOf(*base::IpAddress::Parse("198.19.255.255")));
  EXPECT_FALSE(table_.NameOf(*base::IpAddress::Parse("198.18.7.7")));
  EXPECT_FALSE(table_.NameOf(*base::IpAddress::Parse("fd00::1")));
}

TEST_F(NameTableTest, RefusesNamesThatAreEmptyOrTooLong) {
  EXPECT_FALSE(table_.AddressOf(""));
  EXPECT_FALSE(table_.AddressOf(std::string(254, 'x')));
}

TEST_F(NameTableTest, KeepsThousandsOfNamesApart) {
  std::set<std::string> seen;
  for (int i = 0; i < 20000; ++i) {
    const std::string name = "host" + std::to_string(i) + ".example";
    const auto address = table_.AddressOf(name);
    ASSERT_TRUE(address) << i;
    const auto bytes = address->bytes();
    EXPECT_TRUE(seen.insert(std::string(bytes.begin(), bytes.end())).second) << name;
    EXPECT_NE(bytes[3], 0);
    EXPECT_NE(bytes[3], 255);
  }
  for (int i = 0; i < 20000; ++i) {
    const std::string name = "host" + std::to_string(i) + ".example";
    EXPECT_EQ(table_.NameOf(*table_.AddressOf(name))->name(), name);
  }
}

TEST_F(NameTableTest, SaysSoWhenItIsFullAndKeepsWhatItHas) {
  size_t given = 0;
  for (int i = 0; i < 70000; ++i) {
    given += table_.AddressOf("n" + std::to_string(i)) ? 1 : 0;
  }
  EXPECT_LE(given, 65024u);
  EXPECT_GT(given, 40000u);
  EXPECT_EQ(table_.NameOf(*table_.AddressOf("n7"))->name(), "n7");
}

TEST_F(NameTableTest, SurvivesHostileBytes) {
  std::memset(region_.data(), 0xff, region_.size());
  EXPECT_FALSE(table_.AddressOf("x"));
  for (uint32_t host = 0; host < 65536; host += 17) {
    EXPECT_FALSE(table_.NameOf(base::IpAddress::V4(kFakeNetwork | host)));
  }
}

TEST_F(NameTableTest, AgreesBetweenThreadsThatAskAtOnce) {
  std::vector<std::vector<base::IpAddress>> got(4);
  std::vector<std::thread> threads;
  for (auto& mine : got) {
    threads.emplace_back([this, &mine] {
      for (int i = 0; i < 2000; ++i) {
        mine.push_back(*table_.AddressOf("shared" + std::to_string(i)));
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  for (size_t i = 1; i < got.size(); ++i) {
    EXPECT_EQ(got[i], got[0]);
  }
}

}  // namespace
}  // namespace names
