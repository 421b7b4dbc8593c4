#include "config/international_name.h"

#include <gtest/gtest.h>

#include <string>

#include "rules_text.h"

namespace config {
namespace {

// Its ASCII form, or "!complaint".
std::string Ascii(std::string_view name, const char* library = "libidn2.so.0") {
  std::string out;
  const auto complaint = ToAsciiName(name, "no", &out, library);
  return complaint ? "!" + complaint->message : out;
}

TEST(InternationalNameTest, ConvertsEachLabelThatNeedsIt) {
  EXPECT_EQ(Ascii("bücher.example"), "xn--bcher-kva.example");
  EXPECT_EQ(Ascii("MÜNCHEN.example"), "xn--mnchen-3ya.example");
  EXPECT_EQ(Ascii("例え.テスト"), "xn--r8jz45g.xn--zckzah");
  EXPECT_EQ(Ascii("_dns.bücher.example"), "_dns.xn--bcher-kva.example");
  EXPECT_EQ(Ascii("*.git*.bücher.example"), "*.git*.xn--bcher-kva.example");
  // The letter with its mark apart, and the ideographic full stop.
  EXPECT_EQ(Ascii("bu\u0308cher\u3002example"), "xn--bcher-kva.example");
}

TEST(InternationalNameTest, LeavesSharpSToItself) {
  EXPECT_EQ(Ascii("straße.example"), "xn--strae-oqa.example");
}

TEST(InternationalNameTest, SaysWhyThereIsNone) {
  EXPECT_EQ(Ascii("i❤.example"), "!no: string contains a disallowed character");
  EXPECT_EQ(Ascii("bü*.example"), "!no: a label with '*' must be ASCII");
  EXPECT_EQ(Ascii("a.*ü"), "!no: a label with '*' must be ASCII");
}

TEST(InternationalNameTest, SaysWhatToDoWithoutTheLibrary) {
  EXPECT_EQ(Ascii("münchen.example", "libidn2-that-nobody-has.so.0"),
            "!'münchen.example' needs libidn2, which is not installed; write it in its xn-- form");
}

TEST(InternationalNameTest, IsTakenWhereverAHostStands) {
  const BuiltText built(
      "[proxy p]\nurl = http://alice@Bücher.example:8080\n"
      "[rewrite r]\nfrom = *.bücher.example:80\nto = münchen.example:81\n"
      "[rewrite s]\nfrom = *:82\nto = münchen.example\n"
      "[hosts]\nBÜCHER.example. = 192.0.2.7\n"
      "[rules]\np = münchen.example:443 .bücher.example git*.bücher.example "
      "exe:ü@bücher.example\n");
  ASSERT_EQ(built.Complaints(), "");
  const Config& config = built.config();
  EXPECT_EQ(built.Text(config.proxies()[0].host), "xn--bcher-kva.example");
  EXPECT_EQ(built.Text(config.rewrites()[0].from.host), "xn--bcher-kva.example");
  EXPECT_EQ(built.Text(config.rewrites()[0].to_host), "xn--mnchen-3ya.example");
  EXPECT_EQ(built.Text(config.rewrites()[1].to_host), "xn--mnchen-3ya.example");
  EXPECT_EQ(config.HostAddresses("xn--bcher-kva.example").size(), 1u);
  ASSERT_EQ(config.patterns().size(), 4u);
  EXPECT_EQ(built.Text(config.patterns()[0].host), "xn--mnchen-3ya.example");
  EXPECT_EQ(built.Text(config.patterns()[0].written), "münchen.example:443");
  EXPECT_EQ(built.Text(config.patterns()[1].host), "xn--bcher-kva.example");
  EXPECT_EQ(built.Text(config.patterns()[2].host), "git*.xn--bcher-kva.example");
  EXPECT_EQ(built.Text(config.patterns()[3].host), "xn--bcher-kva.example");
}

// Characters that stand for several ASCII ones must not make a host of something else.
TEST(InternationalNameTest, IsCheckedAgainBehindTheConversion) {
  EXPECT_NE(BuiltText("[rules]\ndirect = a\u2100b.example\n").Complaints(), "");
  EXPECT_NE(BuiltText("[rules]\ndirect = \uff11\uff12\uff17.0.0.1\n").Complaints(), "");
  EXPECT_NE(BuiltText("[rules]\ndirect = a\uff1a80\n").Complaints(), "");
}

}  // namespace
}  // namespace config
