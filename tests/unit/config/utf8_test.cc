#include "config/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace config {
namespace {

TEST(Utf8Test, TakesTheEdgesOfEveryLength) {
  for (const char* const text :
       {"", "az~", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "a\xc3\xa9z"}) {
    EXPECT_TRUE(IsUtf8(text)) << text;
  }
}

TEST(Utf8Test, RefusesWhatRfc3629Does) {
  for (const char* const text :
       {"\x80", "\xbf", "\xc0\xaf", "\xc1\xbf", "\xc3", "\xc3z", "\xe0\x9f\xbf", "\xe2\x82",
        "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xff"}) {
    EXPECT_FALSE(IsUtf8(text)) << text;
  }
}

TEST(Utf8Test, FindsControlBytesButNotTheTab) {
  EXPECT_EQ(FindControlByte("a\tb \xc3\xa9"), -1);
  EXPECT_EQ(FindControlByte(std::string_view("a\0b", 3)), 0);
  EXPECT_EQ(FindControlByte("a\x1b["), 0x1b);
  EXPECT_EQ(FindControlByte("\x7f"), 0x7f);
  EXPECT_EQ(FindControlByte("\xc2\x9b"), 0x9b);
  EXPECT_EQ(FindControlByte("\xc2\xa0"), -1);
}

}  // namespace
}  // namespace config
