#include "relay/mux_message.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace relay {
namespace {

using Type = MuxMessage::Type;
using namespace std::string_literals;

void Feed(MuxReader* reader, std::string_view bytes) {
  reader->Feed({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

TEST(MuxMessageTest, WritesWhatTheMasterReads) {
  EXPECT_EQ(MuxHello(), "\0\0\0\x08\0\0\0\x01\0\0\0\x04"s);
  EXPECT_EQ(MuxForward(7, "git.example", 443),
            "\0\0\0\x1f\x10\0\0\x08\0\0\0\x07\0\0\0\0\0\0\0\x0bgit.example\0\0\x01\xbb"s);
  EXPECT_EQ(MuxAliveCheck(1), "\0\0\0\x08\x10\0\0\x04\0\0\0\x01"s);
}

TEST(MuxReaderTest, ReadsMessagesAtEverySplit) {
  const std::string bytes =
      "\0\0\0\x08\0\0\0\x01\0\0\0\x04"              // hello, version 4
      "\0\0\0\x0c\x80\0\0\x06\0\0\0\x01\0\0\0\x02"  // opened
      "\0\0\0\x10\x80\0\0\x03\0\0\0\x01\0\0\0\x04no!!"
      "\0\0\0\x0c\x80\0\0\x05\0\0\0\x01\0\0\x01\x02"s;  // alive
  for (size_t split = 0; split <= bytes.size(); ++split) {
    MuxReader reader;
    std::vector<MuxMessage> messages;
    for (const std::string& piece : {bytes.substr(0, split), bytes.substr(split)}) {
      Feed(&reader, piece);
      while (auto message = reader.Next()) {
        messages.push_back(*message);
      }
    }
    EXPECT_FALSE(reader.failed());
    ASSERT_EQ(messages.size(), 4u) << split;
    EXPECT_EQ(messages[0].type, Type::kHello);
    EXPECT_EQ(messages[0].number, 4u);
    EXPECT_EQ(messages[1].type, Type::kOpened);
    EXPECT_EQ(messages[1].number, 1u);
    EXPECT_EQ(messages[2].type, Type::kRefused);
    EXPECT_EQ(messages[2].reason, "no!!");
    EXPECT_EQ(messages[3].type, Type::kAlive);
  }
}

TEST(MuxReaderTest, PassesOverMessagesOfOtherTypes) {
  MuxReader reader;
  Feed(&reader, "\0\0\0\x04\x80\0\0\x09\0\0\0\x08\0\0\0\x01\0\0\0\x04"s);
  auto message = reader.Next();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->type, Type::kOther);
  message = reader.Next();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->type, Type::kHello);
}

TEST(MuxReaderTest, FailsAtWhatIsNoMessage) {
  for (const std::string& bytes : {
           "HTTP/1.1 400 Bad Request\r\n\r\n"s,            // a length beyond all reason
           "\0\0\0\0"s,                                    // no type
           "\0\0\0\x03\0\0\0"s,                            // half of one
           "\0\0\0\x04\0\0\0\x01"s,                        // a greeting without version
           "\0\0\0\x0c\x80\0\0\x03\0\0\0\x01\0\0\0\x04"s,  // a reason beyond its message
           "\0\0\0\x0c\x80\0\0\x03\0\0\0\x01\xff\xff\xff\xff"s,
       }) {
    MuxReader reader;
    Feed(&reader, bytes);
    EXPECT_FALSE(reader.Next());
    EXPECT_TRUE(reader.failed()) << bytes.size();
    Feed(&reader, MuxHello());
    EXPECT_FALSE(reader.Next()) << "after a failure";
  }
}

}  // namespace
}  // namespace relay
