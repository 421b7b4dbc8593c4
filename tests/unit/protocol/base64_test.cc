#include "protocol/base64.h"

#include <array>
#include <string>

#include "driver.h"

namespace protocol {
namespace {

struct Row {
  const char* plain;
  const char* encoded;
};
// RFC 4648 §10.
constexpr Row kRows[] = {{"", ""},
                         {"f", "Zg=="},
                         {"fo", "Zm8="},
                         {"foo", "Zm9v"},
                         {"foob", "Zm9vYg=="},
                         {"fooba", "Zm9vYmE="},
                         {"foobar", "Zm9vYmFy"}};

TEST(Base64Test, EncodesHoweverTheBytesCome) {
  for (const Row& row : kRows) {
    const std::string_view plain = row.plain;
    for (size_t split = 0; split <= plain.size(); ++split) {
      std::array<char, 16> buffer;
      base::TextWriter out(buffer);
      Base64Writer(out).Append(plain.substr(0, split)).Append(plain.substr(split)).Finish();
      EXPECT_EQ(out.view(), row.encoded);
    }
  }
}

TEST(Base64Test, Decodes) {
  for (const Row& row : kRows) {
    std::array<uint8_t, 6> out;
    const auto size = DecodeBase64(row.encoded, out);
    ASSERT_TRUE(size.has_value());
    EXPECT_EQ(Text(std::span(out).first(*size)), row.plain);
  }
}

TEST(Base64Test, RefusesWhatIsNone) {
  for (const char* text : {"Z", "Zg=", "Zg", "Z===", "Zm9v=", "Zm9 ", "Zm-v", "====", "Zg==Zg=="}) {
    std::array<uint8_t, 16> out;
    EXPECT_FALSE(DecodeBase64(text, out)) << text;
  }
}

TEST(Base64Test, RefusesWhatHasNoRoom) {
  std::array<uint8_t, 2> out;
  EXPECT_FALSE(DecodeBase64("Zm9v", out));
  EXPECT_TRUE(DecodeBase64("Zm8=", out));
}

}  // namespace
}  // namespace protocol
