#include "base/ascii.h"

#include <gtest/gtest.h>

namespace base {
namespace {

TEST(AsciiTest, KnowsItsBytes) {
  std::string digits;
  std::string letters_and_digits;
  std::string lowered;
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    digits += IsDigit(c) ? std::string(1, c) : "";
    letters_and_digits += IsLetterOrDigit(c) ? std::string(1, c) : "";
    lowered += ToLower(c) != c ? std::string(1, ToLower(c)) : "";
  }
  EXPECT_EQ(digits, "0123456789");
  EXPECT_EQ(lowered, "abcdefghijklmnopqrstuvwxyz");
  EXPECT_EQ(letters_and_digits, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ" + lowered);
}

TEST(AsciiTest, ReadsHexDigits) {
  std::string known;
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    known += HexDigit(c) >= 0 ? std::string(1, c) : "";
  }
  EXPECT_EQ(known, "0123456789ABCDEFabcdef");
  EXPECT_EQ(HexDigit('0'), 0);
  EXPECT_EQ(HexDigit('9'), 9);
  EXPECT_EQ(HexDigit('a'), 10);
  EXPECT_EQ(HexDigit('F'), 15);
}

TEST(AsciiTest, TrimsBothEnds) {
  EXPECT_EQ(Trim(" \ta b\t "), "a b");
  EXPECT_EQ(Trim("a"), "a");
  EXPECT_EQ(Trim(" \t "), "");
  EXPECT_EQ(Trim(""), "");
  EXPECT_EQ(Trim(" a\r"), "a\r");
  EXPECT_EQ(Trim(" a\r", " \r"), "a");
}

}  // namespace
}  // namespace base
