#include "protocol/http_content.h"

#include <algorithm>
#include <array>
#include <string>

#include "driver.h"

namespace protocol {
namespace {

using State = HttpContent::State;

struct Skipped {
  State state = State::kOpen;
  size_t taken = 0;
};

HttpContent ContentOf(const std::string& headers) {
  HttpReplyHead head;
  std::array<char, 512> line;
  head.Feed(Bytes("HTTP/1.1 407 Auth\r\n" + headers + "\r\n"), line);
  return HttpContent(head);
}

// In pieces of at most `piece` bytes, never more than it asks for.
Skipped Skip(HttpContent content, std::string_view bytes, size_t piece) {
  Skipped out{content.state()};
  while (out.taken < bytes.size() && content.state() == State::kOpen) {
    const size_t count = std::min({content.Incoming().max, piece, bytes.size() - out.taken});
    EXPECT_GT(count, 0u);
    const size_t taken = content.Feed(Bytes(bytes.substr(out.taken, count)));
    EXPECT_TRUE(taken == count || content.Incoming().peek);
    out.taken += taken;
  }
  out.state = content.state();
  return out;
}

void ExpectSkipped(const std::string& headers, const std::string& content) {
  for (size_t piece = 1; piece <= content.size() + 6; ++piece) {
    const Skipped got = Skip(ContentOf(headers), content + "HTTP/1.1", piece);
    EXPECT_EQ(got.state, State::kEnded) << headers << piece;
    EXPECT_EQ(got.taken, content.size()) << headers << piece;
  }
}

TEST(HttpContentTest, SkipsWhatHasALength) {
  ExpectSkipped("Content-Length: 0\r\n", "");
  ExpectSkipped("Content-Length: 14\r\n", "<html></html>\n");
}

TEST(HttpContentTest, SkipsChunks) {
  const std::string headers = "Transfer-Encoding: chunked\r\n";
  ExpectSkipped(headers, "0\r\n\r\n");
  ExpectSkipped(headers, "5\r\nabcde\r\nA ; x=\"y\"\r\n0123456789\r\n000\r\nTrailer: 1\r\n\r\n");
  ExpectSkipped(headers, "5\nabcde\n0\n\n");
}

TEST(HttpContentTest, GivesUpOnChunksThatAreNone) {
  const std::string headers = "Transfer-Encoding: chunked\r\n";
  for (const char* content :
       {"x", "\r\n", ";a\r\n", "1\r\nab", "fffffffffffffffff\r\n", "-1\r\n"}) {
    EXPECT_EQ(Skip(ContentOf(headers), content, 1).state, State::kUnusable) << content;
  }
}

TEST(HttpContentTest, GivesUpWithoutAnEnd) {
  EXPECT_EQ(ContentOf("").state(), State::kUnusable);
  EXPECT_EQ(ContentOf("Content-Length: 65537\r\n").state(), State::kUnusable);
  EXPECT_EQ(ContentOf("Content-Length: 65536\r\n").state(), State::kOpen);
}

TEST(HttpContentTest, GivesUpOnTooManySmallChunks) {
  std::string endless;
  while (endless.size() <= HttpContent::kMaxSize) endless += "1\r\nx\r\n";
  EXPECT_EQ(Skip(ContentOf("Transfer-Encoding: chunked\r\n"), endless, 1000).state,
            State::kUnusable);
}

}  // namespace
}  // namespace protocol
