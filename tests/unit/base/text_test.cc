#include "base/text.h"

#include <gtest/gtest.h>

#include <array>

namespace base {
namespace {

TEST(TextWriterTest, CutsWhatDoesNotFitAndSaysSo) {
  std::array<char, 5> buffer;
  TextWriter out(buffer);
  out.Append("abc");
  EXPECT_FALSE(out.cut());
  out.Append("defg").Append("h");
  EXPECT_TRUE(out.cut());
  EXPECT_EQ(out.view(), "abcde");
}

TEST(TextWriterTest, WritesNumbersPaddedAndInHex) {
  std::array<char, 64> buffer;
  TextWriter out(buffer);
  out.AppendNumber(0).Append(' ').AppendNumber(UINT64_MAX).Append(' ').AppendHex(0xff);
  out.Append(' ').AppendPadded(7, 2).Append(' ').AppendPadded(123, 2).Append(' ').AppendPadded(50,
                                                                                               3);
  EXPECT_EQ(out.view(), "0 18446744073709551615 ff 07 123 050");
}

}  // namespace
}  // namespace base
