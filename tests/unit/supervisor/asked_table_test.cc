#include "supervisor/asked_table.h"

#include <gtest/gtest.h>

namespace supervisor {
namespace {

base::Endpoint At(const char* address, uint16_t port) {
  return {*base::IpAddress::Parse(address), port};
}

TEST(AskedTableTest, FindsWhatWasAskedFromAPort) {
  AskedTable table;
  EXPECT_FALSE(table.Find(1).has_value());
  table.Put(65535, At("192.0.2.1", 443));
  table.Put(1, At("2001:db8::1", 80));
  EXPECT_EQ(table.Find(65535), At("192.0.2.1", 443));
  EXPECT_EQ(table.Find(1), At("2001:db8::1", 80));
  EXPECT_FALSE(table.Find(2).has_value());
}

TEST(AskedTableTest, KnowsAPortsLastConnection) {
  AskedTable table;
  table.Put(7, At("192.0.2.1", 443));
  table.Put(7, At("192.0.2.2", 444));
  EXPECT_EQ(table.Find(7), At("192.0.2.2", 444));
}

}  // namespace
}  // namespace supervisor
