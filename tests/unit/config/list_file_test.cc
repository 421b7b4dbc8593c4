#include "config/list_file.h"

#include <gtest/gtest.h>

namespace config {
namespace {

std::string Lines(std::string_view text) {
  std::string out;
  for (ListLines lines(text); lines.Next();) {
    out += std::to_string(lines.number()) + "[" + std::string(lines.text()) + "]";
  }
  return out;
}

// What compiling `text` as the list "l.txt" complains about, one a line.
std::string Complaints(std::string_view text) {
  ListWriter writer;
  std::vector<Diagnostic> diagnostics;
  const bool ok = CompileList(text, "l.txt", &writer, &diagnostics);
  EXPECT_EQ(ok, diagnostics.empty());
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics) {
    out += diagnostic.Text() + "\n";
  }
  return out;
}

TEST(ListLinesTest, LeavesOutCommentsAndBlankLines) {
  EXPECT_EQ(Lines("# c\n\na\n  b  # c\n\tc\t#\nd#e\n#\n \nf"), "3[a]4[b]5[c]6[d#e]9[f]");
}

TEST(ListLinesTest, TakesByteOrderMarkAndCrlf) {
  EXPECT_EQ(Lines("\xef\xbb\xbf"
                  "a\r\n\r\nb \r\n"),
            "1[a]3[b]");
}

TEST(ListLinesTest, HasNothingInAnEmptyText) { EXPECT_EQ(Lines(""), ""); }

TEST(CompileListTest, TakesEveryKindOfPattern) {
  EXPECT_EQ(Complaints("a.example\n.b.example\n*.c.example\nd*.example\nE.EXAMPLE.\nf:22\n"
                       "10.0.0.0/8\n10.0.0.0/8:22\n2001:db8::1\n[2001:db8::1]:80-90\nfd00::/8:22\n"
                       ":443\n*\n*:80\n@loopback\n@private:631\n"),
            "");
}

TEST(CompileListTest, NamesTheLineOfEachMistake) {
  EXPECT_EQ(Complaints("a.example\nb..example\n\nc/\n"),
            "l.txt:2: the pattern 'b..example' is neither a host name nor an address\n"
            "l.txt:4: the pattern 'c/' is neither a host name nor an address\n");
}

TEST(CompileListTest, RefusesWhatOnlyARuleMayHave) {
  EXPECT_EQ(Complaints("@file:x\nexe:git\nexe:git@a\n@goprivate\n@GoPrivate:22\n"),
            "l.txt:1: the pattern '@file:x' can't stand in a list\n"
            "l.txt:2: the pattern 'exe:git' can't stand in a list\n"
            "l.txt:3: the pattern 'exe:git@a' can't stand in a list\n"
            "l.txt:4: the pattern '@goprivate' can't stand in a list\n"
            "l.txt:5: the pattern '@GoPrivate:22' can't stand in a list\n");
}

TEST(CompileListTest, KnowsOtherProgramsLists) {
  EXPECT_EQ(Complaints("0.0.0.0 a.example\ndomain:b.example\nfull:c.example\nkeyword:d\n"
                       "server=/e.example/192.0.2.1\n"),
            "l.txt:1: more than one pattern on the line\n"
            "l.txt:2: the pattern 'domain:b.example' has an unknown prefix (did you mean "
            "'.b.example'?)\n"
            "l.txt:3: the pattern 'full:c.example' has an unknown prefix (did you mean "
            "'c.example'?)\n"
            "l.txt:4: the pattern 'keyword:d' has an unknown prefix\n"
            "l.txt:5: the pattern 'server=/e.example/192.0.2.1' is neither a host name nor an "
            "address\n");
}

TEST(CompileListTest, LooksAtBytesAndLength) {
  EXPECT_EQ(Complaints(std::string_view("a\0\nb\xfc\n", 5)),
            "l.txt:1: the line has a control byte (0x00)\nl.txt:2: the line is not valid UTF-8\n");
  const std::string comment(4092, 'x');
  EXPECT_EQ(Complaints("a #" + comment + "x\n"), "");
  EXPECT_EQ(Complaints("a #" + comment + "xx\n"),
            "l.txt:1: the line is 4097 bytes long; at most 4096 are taken\n");
}

TEST(CompileListTest, SaysTwentyThingsAndHowManyMore) {
  std::string text;
  std::string expected;
  for (int i = 1; i <= 23; ++i) {
    text += "/\n";
    if (i <= 20) {
      expected += "l.txt:" + std::to_string(i) +
                  ": the pattern '/' is neither a host name nor an address\n";
    }
  }
  EXPECT_EQ(Complaints(text), expected + "l.txt: and 3 more\n");
}

}  // namespace
}  // namespace config
