#include "chain/freshness.h"

#include <gtest/gtest.h>
#include <sys/utsname.h>
#include <time.h>

#include <string>

namespace chain {
namespace {

TEST(FreshnessTest, DiffersEachTime) { EXPECT_NE(MakeFreshness().random, MakeFreshness().random); }

TEST(FreshnessTest, KnowsTheTime) {
  const int64_t before = time(nullptr);
  const int64_t got = MakeFreshness().unix_time_s;
  EXPECT_GE(got, before);
  EXPECT_LE(got, before + 100);
}

TEST(FreshnessTest, KnowsTheMachineByItsFirstLabelInUpperCase) {
  utsname machine;
  ASSERT_EQ(uname(&machine), 0);
  std::string expected = machine.nodename;
  expected = expected.substr(0, expected.find('.')).substr(0, 15);
  for (char& c : expected) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  EXPECT_EQ(MakeFreshness().host.data(), expected);
}

}  // namespace
}  // namespace chain
