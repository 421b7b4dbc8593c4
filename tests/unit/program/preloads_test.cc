#include "program/preloads.h"

#include <gtest/gtest.h>

namespace program {
namespace {

TEST(OtherPreloadsTest, LeavesGochainsLibraryOut) {
  EXPECT_EQ(OtherPreloads(""), "");
  EXPECT_EQ(OtherPreloads("/opt/libgochain.so"), "");
  EXPECT_EQ(OtherPreloads("/opt/libgochain.so:/a.so"), "/a.so");
  EXPECT_EQ(OtherPreloads("/a.so /opt/libgochain.so  b.so"), "/a.so:b.so");
  EXPECT_EQ(OtherPreloads("/opt/notlibgochain.so"), "/opt/notlibgochain.so");
}

}  // namespace
}  // namespace program
