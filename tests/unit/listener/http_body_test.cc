#include "listener/http_body.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace listener {
namespace {

using State = supervisor::Gate::State;

std::span<const uint8_t> Bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// How much of `text` passes, however it is cut.
size_t Passed(const HttpBody& start, std::string_view text, State* state) {
  HttpBody whole = start;
  const size_t size = whole.Measure(Bytes(text));
  whole.Pass(Bytes(text.substr(0, size)));
  *state = whole.state();
  for (size_t piece = 1; piece <= text.size(); ++piece) {
    HttpBody cut = start;
    size_t at = 0;
    while (at < text.size() && cut.state() == State::kOpen) {
      const std::string_view some = text.substr(at, piece);
      const size_t allowed = cut.Measure(Bytes(some));
      cut.Pass(Bytes(some.substr(0, allowed)));
      at += allowed;
    }
    EXPECT_EQ(at, size) << "in pieces of " << piece;
    EXPECT_EQ(cut.state(), *state) << "in pieces of " << piece;
  }
  return size;
}

TEST(HttpBodyTest, IsShutWhereThereIsNone) {
  EXPECT_EQ(HttpBody().state(), State::kShut);
  EXPECT_EQ(HttpBody::OfLength(0).state(), State::kShut);
  EXPECT_EQ(HttpBody().Measure(Bytes("GET")), 0u);
}

TEST(HttpBodyTest, CountsALength) {
  State state;
  EXPECT_EQ(Passed(HttpBody::OfLength(5), "helloGET", &state), 5u);
  EXPECT_EQ(state, State::kShut);
  EXPECT_EQ(Passed(HttpBody::OfLength(6), "hello", &state), 5u);
  EXPECT_EQ(state, State::kOpen);
}

TEST(HttpBodyTest, EndsAfterTheLastChunkAndItsTrailers) {
  State state;
  for (const std::string body :
       {"0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", "A;name=\"x\"\r\n0123456789\r\n00\r\n\r\n",
        "1\na\n0\n\n", "3\r\n0\r\n\r\n0\r\nX: y\r\nZ: 1\r\n\r\n", "2 \r\nab\r\n0 \r\n\r\n"}) {
    EXPECT_EQ(Passed(HttpBody::Chunked(), body + "GET http://", &state), body.size()) << body;
    EXPECT_EQ(state, State::kShut) << body;
  }
}

TEST(HttpBodyTest, StaysOpenUntilThen) {
  State state;
  EXPECT_EQ(Passed(HttpBody::Chunked(), "5\r\nhello\r\n0\r\n", &state), 13u);
  EXPECT_EQ(state, State::kOpen);
}

TEST(HttpBodyTest, IsSpoiltByWhatIsNoChunk) {
  State state;
  for (const std::string body : {"\r\n", "x\r\n", "-1\r\n", "5\rx", "5\r\nhelloX", "1\r\na\rX",
                                 "0\r\n\rX", "10000000000000000\r\n"}) {
    (void)Passed(HttpBody::Chunked(), body, &state);
    EXPECT_EQ(state, State::kSpoilt) << body;
  }
}

}  // namespace
}  // namespace listener
