#include "protocol/utf16.h"

#include <array>
#include <string>

#include "driver.h"

namespace protocol {
namespace {

std::string Utf16(std::string_view text) {
  std::array<uint8_t, 64> buffer;
  Utf16Writer out(buffer);
  return Text(out.Append(text).view());
}

std::string Upper(std::string_view text) {
  std::array<uint8_t, 64> buffer;
  Utf16Writer out(buffer);
  return Text(out.AppendUpper(text).view());
}

TEST(Utf16Test, WritesEveryLengthOfCharacter) {
  EXPECT_EQ(Utf16("aé€😀"), Raw("a\0\xe9\0\xac\x20\x3d\xd8\x00\xde"));
  EXPECT_EQ(Utf16(""), "");
}

TEST(Utf16Test, TakesOtherBytesForLatin1) {
  EXPECT_EQ(Utf16("\xe9t\xe9"), Raw("\xe9\0t\0\xe9\0"));
  EXPECT_EQ(Utf16("\xc3"), Raw("\xc3\0"));
  EXPECT_EQ(Utf16("\xed\xa0\x80"), Raw("\xed\0\xa0\0\x80\0")) << "no surrogates by UTF-8";
  EXPECT_EQ(Utf16("\xc0\x80"), Raw("\xc0\0\x80\0")) << "no overlong forms";
  EXPECT_EQ(Utf16("\xf8\x88\x80\x80\x80"), Raw("\xf8\0\x88\0\x80\0\x80\0\x80\0"));
}

TEST(Utf16Test, CutsWhatHasNoRoom) {
  std::array<uint8_t, 5> buffer;
  Utf16Writer out(buffer);
  EXPECT_EQ(Text(out.Append("abc").view()), Raw("a\0b\0"));
  EXPECT_TRUE(out.cut());
}

TEST(Utf16Test, MakesUpperCaseOfLettersOfThreeScripts) {
  EXPECT_EQ(Upper("user-9_z"), Utf16("USER-9_Z"));
  EXPECT_EQ(Upper("jäsøn ÿþ÷ñ"), Utf16("JÄSØN ŸÞ÷Ñ"));
  EXPECT_EQ(Upper("čšžőłńğışœ"), Utf16("ČŠŽŐŁŃĞıŞŒ"));
  EXPECT_EQ(Upper("nguyễnđức"), Utf16("NGUYỄNĐỨC"));
  EXPECT_EQ(Upper("άέήίαβγςσωϊόύώ"), Utf16("ΆΈΉΊΑΒΓΣΣΩΪΌΎΏ"));
  EXPECT_EQ(Upper("абвгдяёђїў"), Utf16("АБВГДЯЁЂЇЎ"));
}

TEST(Utf16Test, LeavesWhatHasNoSingleUpperCase) {
  EXPECT_EQ(Upper("straße ABC 漢字 µ"), Utf16("STRAßE ABC 漢字 µ"));
  for (uint32_t c = 0; c < 0x2000; ++c) {
    EXPECT_EQ(ToUpper(ToUpper(c)), ToUpper(c)) << c;
  }
}

}  // namespace
}  // namespace protocol
