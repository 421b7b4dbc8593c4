#include "names/dns_answer.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <vector>

#include "dns_labels.h"

namespace names {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr uint16_t kA = 1, kCname = 5, kAaaa = 28;

Bytes Ip(const char* text) {
  const auto address = *base::IpAddress::Parse(text);
  return {address.bytes().begin(), address.bytes().end()};
}

// An answer to `name`, as a server writes one.
class Answer {
 public:
  explicit Answer(const std::string& name, uint16_t type = kA) {
    bytes = {0x12, 0x34, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0};
    Add(Labels(name));
    Add({static_cast<uint8_t>(type >> 8), static_cast<uint8_t>(type), 0, 1});
  }

  // `owner` may be a pointer.
  Answer& Record(const Bytes& owner, uint16_t type, const Bytes& data, uint8_t klass = 1) {
    Add(owner);
    Add({static_cast<uint8_t>(type >> 8), static_cast<uint8_t>(type), 0, klass, 0, 0, 0, 60, 0,
         static_cast<uint8_t>(data.size())});
    Add(data);
    ++bytes[7];
    return *this;
  }

  Bytes bytes;

 private:
  void Add(const Bytes& more) { bytes.insert(bytes.end(), more.begin(), more.end()); }
};

const Bytes kQuestion = {0xc0, 12};  // points to the name of the question

DnsQuery Question(const std::string& name, uint16_t type = kA) {
  Bytes message = Answer(name, type).bytes;
  message[2] = 1;
  message[3] = 0;
  DnsQuery query;
  EXPECT_EQ(ParseDnsQuery(message, &query), DnsParsed::kQuery);
  return query;
}

std::string Read(const Bytes& answer, const DnsQuery& query, size_t room = 8) {
  std::vector<base::IpAddress> found(room);
  found.resize(ReadDnsAddresses(answer, query, found));
  std::string out;
  for (const base::IpAddress& address : found) {
    std::array<char, base::kMaxEndpointText> text;
    out += (out.empty() ? "" : " ") + std::string(base::Endpoint(address, 0).HostText(text, false));
  }
  return out;
}

TEST(ReadDnsAddressesTest, ReadsAllAddressesOfTheName) {
  const Answer v4 = Answer("git.example")
                        .Record(kQuestion, kA, Ip("10.0.0.5"))
                        .Record(Labels("GIT.Example"), kA, Ip("10.0.0.6"));
  EXPECT_EQ(Read(v4.bytes, Question("git.example")), "10.0.0.5 10.0.0.6");
  const Answer v6 = Answer("git.example", kAaaa).Record(kQuestion, kAaaa, Ip("2001:db8::5"));
  EXPECT_EQ(Read(v6.bytes, Question("git.example", kAaaa)), "2001:db8::5");
}

TEST(ReadDnsAddressesTest, FollowsAliasesInAnyOrder) {
  const Answer answer = Answer("www.example")
                            .Record(Labels("cdn.example"), kA, Ip("10.0.0.9"))
                            .Record(Labels("edge.example"), kCname, Labels("cdn.example"))
                            .Record(kQuestion, kCname, Labels("edge.example"));
  EXPECT_EQ(Read(answer.bytes, Question("www.example")), "10.0.0.9");
}

TEST(ReadDnsAddressesTest, LeavesOutWhatIsOfAnotherNameOrClass) {
  const Answer answer = Answer("git.example")
                            .Record(Labels("other.example"), kA, Ip("10.0.0.1"))
                            .Record(kQuestion, kA, Ip("10.0.0.2"), 3)
                            .Record(kQuestion, kA, {10, 0, 0})
                            .Record(kQuestion, 16, {1, 'x'});
  EXPECT_EQ(Read(answer.bytes, Question("git.example")), "");
}

TEST(ReadDnsAddressesTest, TakesNoAnswerToAnotherQuestion) {
  const Answer answer = Answer("git.example").Record(kQuestion, kA, Ip("10.0.0.5"));
  EXPECT_EQ(Read(answer.bytes, Question("got.example")), "");
  EXPECT_EQ(Read(answer.bytes, Question("git.example", kAaaa)), "");
  for (const size_t at : {size_t{0}, size_t{1}}) {
    Bytes other_id = answer.bytes;
    other_id[at] ^= 1;
    EXPECT_EQ(Read(other_id, Question("git.example")), "");
  }
  Bytes question = answer.bytes;
  question[2] &= 0x7f;
  EXPECT_EQ(Read(question, Question("git.example")), "");
}

TEST(ReadDnsAddressesTest, EndsWithCirclesOfAliasesAndPointers) {
  const Answer aliases = Answer("a.example")
                             .Record(kQuestion, kCname, Labels("b.example"))
                             .Record(Labels("b.example"), kCname, kQuestion);
  EXPECT_EQ(Read(aliases.bytes, Question("a.example")), "");
  Answer pointers("a.example");
  const auto at = static_cast<uint8_t>(pointers.bytes.size());
  pointers.Record({0xc0, at}, kA, Ip("10.0.0.5"));
  EXPECT_EQ(Read(pointers.bytes, Question("a.example")), "");
}

TEST(ReadDnsAddressesTest, TakesNothingFromATruncatedAnswer) {
  const Answer answer = Answer("git.example")
                            .Record(kQuestion, kCname, Labels("x.example"))
                            .Record(Labels("x.example"), kA, Ip("10.0.0.5"));
  for (size_t size = 0; size < answer.bytes.size(); ++size) {
    const Bytes cut(answer.bytes.begin(), answer.bytes.begin() + static_cast<long>(size));
    EXPECT_EQ(Read(cut, Question("git.example")), "") << size;
  }
}

TEST(ReadDnsAddressesTest, FillsTheRoomThereIs) {
  Answer answer("git.example");
  for (int i = 0; i < 9; ++i) {
    answer.Record(kQuestion, kA, Ip("10.0.0.5"));
  }
  EXPECT_EQ(Read(answer.bytes, Question("git.example"), 1), "10.0.0.5");
}

}  // namespace
}  // namespace names
