#include "names/dns_message.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dns_labels.h"

namespace names {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes Query(const std::string& name, uint16_t type, bool edns = false) {
  Bytes out = {0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, static_cast<uint8_t>(edns)};
  const Bytes labels = Labels(name);
  out.insert(out.end(), labels.begin(), labels.end());
  out.insert(out.end(), {static_cast<uint8_t>(type >> 8), static_cast<uint8_t>(type), 0, 1});
  if (edns) {
    out.insert(out.end(), {0, 0, 41, 0x04, 0xd0, 0, 0, 0x80, 0, 0, 0});
  }
  return out;
}

TEST(ParseDnsQueryTest, ReadsNameTypeAndClass) {
  DnsQuery query;
  ASSERT_EQ(ParseDnsQuery(Query("Proxy.GoLang.ORG", 28), &query), DnsParsed::kQuery);
  EXPECT_EQ(query.id, 0x1234);
  EXPECT_EQ(query.name(), "proxy.golang.org");
  EXPECT_TRUE(query.Is(DnsType::kAaaa));
  EXPECT_EQ(query.klass, 1);
  EXPECT_TRUE(query.sayable);
  EXPECT_FALSE(query.edns);
}

TEST(ParseDnsQueryTest, ReadsTheRoot) {
  DnsQuery query;
  ASSERT_EQ(ParseDnsQuery(Query("", 2), &query), DnsParsed::kQuery);
  EXPECT_EQ(query.name(), "");
}

TEST(ParseDnsQueryTest, SeesEdns) {
  DnsQuery query;
  ASSERT_EQ(ParseDnsQuery(Query("a.example", 1, true), &query), DnsParsed::kQuery);
  EXPECT_TRUE(query.edns);
}

TEST(ParseDnsQueryTest, RefusesEveryTruncation) {
  const Bytes whole = Query("www.example.org", 1, true);
  DnsQuery query;
  for (size_t size = 0; size < whole.size(); ++size) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<long>(size));
    EXPECT_EQ(ParseDnsQuery(cut, &query), size < 12 ? DnsParsed::kIgnore : DnsParsed::kBroken)
        << size;
  }
}

TEST(ParseDnsQueryTest, IgnoresAnswers) {
  Bytes message = Query("a.example", 1);
  message[2] |= 0x80;
  DnsQuery query;
  EXPECT_EQ(ParseDnsQuery(message, &query), DnsParsed::kIgnore);
}

TEST(ParseDnsQueryTest, RefusesPointersTwoQuestionsAndTooLongNames) {
  DnsQuery query;
  Bytes pointer = Query("a", 1);
  pointer[12] = 0xc0;
  EXPECT_EQ(ParseDnsQuery(pointer, &query), DnsParsed::kBroken);
  Bytes two = Query("a", 1);
  two[5] = 2;
  EXPECT_EQ(ParseDnsQuery(two, &query), DnsParsed::kBroken);
  std::string name;
  for (int i = 0; i < 5; ++i) {
    name += std::string(i == 0 ? 60 : 48, 'a') + (i < 4 ? "." : "");
  }
  EXPECT_EQ(name.size(), 256u);
  EXPECT_EQ(ParseDnsQuery(Query(name, 1), &query), DnsParsed::kBroken);
  EXPECT_EQ(ParseDnsQuery(Query(name.substr(3), 1), &query), DnsParsed::kQuery) << "253 bytes";
}

TEST(ParseDnsQueryTest, TellsNamesThatNoHostHas) {
  DnsQuery query;
  Bytes message = Query("aXb.example", 1);
  for (const uint8_t byte :
       {uint8_t{'.'}, uint8_t{0}, uint8_t{' '}, uint8_t{'\n'}, uint8_t{0x80}}) {
    message[14] = byte;
    ASSERT_EQ(ParseDnsQuery(message, &query), DnsParsed::kQuery);
    EXPECT_FALSE(query.sayable) << int{byte};
  }
}

TEST(BuildDnsAddressesTest, AnswersAsARecursiveServer) {
  const Bytes message = Query("a.example", 1, true);
  DnsQuery query;
  ASSERT_EQ(ParseDnsQuery(message, &query), DnsParsed::kQuery);
  Bytes out(512);
  const base::IpAddress addresses[] = {base::IpAddress::V4(0xc6130102),
                                       base::IpAddress::V4(0xc0000207)};
  out.resize(BuildDnsAddresses(message, query, addresses, 10, out));
  Bytes expected = {0x12, 0x34, 0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 1};
  expected.insert(expected.end(), message.begin() + 12, message.begin() + 27);
  expected.insert(expected.end(), {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 10, 0, 4, 198, 19, 1, 2});
  expected.insert(expected.end(), {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 10, 0, 4, 192, 0, 2, 7});
  expected.insert(expected.end(), {0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0});
  EXPECT_EQ(out, expected);
}

TEST(BuildDnsAnswerTest, RepeatsTheQuestionWithACode) {
  const Bytes message = Query("a.example", 65);
  DnsQuery query;
  ASSERT_EQ(ParseDnsQuery(message, &query), DnsParsed::kQuery);
  Bytes out(512);
  out.resize(BuildDnsAnswer(message, query, DnsCode::kNoSuchName, out));
  ASSERT_EQ(out.size(), message.size());
  EXPECT_EQ(out[3], 0x83);
  EXPECT_EQ(out[7], 0);
}

TEST(BuildDnsAnswerTest, AnswersABrokenMessageWithItsHeaderAlone) {
  const Bytes message = {0, 9, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0};
  DnsQuery query;
  ASSERT_EQ(ParseDnsQuery(message, &query), DnsParsed::kBroken);
  Bytes out(512);
  out.resize(BuildDnsAnswer(message, query, DnsCode::kFormatError, out));
  EXPECT_EQ(out, (Bytes{0, 9, 0x80, 0x81, 0, 0, 0, 0, 0, 0, 0, 0}));
}

TEST(BuildDnsPointerTest, SaysTheName) {
  const Bytes message = Query("2.1.19.198.in-addr.arpa", 12);
  DnsQuery query;
  ASSERT_EQ(ParseDnsQuery(message, &query), DnsParsed::kQuery);
  Bytes out(512);
  out.resize(BuildDnsPointer(message, query, "go.example", 10, out));
  const Bytes name = Labels("go.example");
  ASSERT_GT(out.size(), name.size());
  EXPECT_EQ(Bytes(out.end() - static_cast<long>(name.size()), out.end()), name);
  EXPECT_EQ(out[out.size() - name.size() - 1], name.size());
}

TEST(BuildDnsPointerTest, RefusesANameThatHasNoWireForm) {
  const Bytes message = Query("2.1.19.198.in-addr.arpa", 12);
  DnsQuery query;
  ASSERT_EQ(ParseDnsQuery(message, &query), DnsParsed::kQuery);
  Bytes out(512);
  EXPECT_EQ(BuildDnsPointer(message, query, std::string(64, 'a') + ".example", 10, out), 0u);
  EXPECT_EQ(BuildDnsPointer(message, query, "a..example", 10, out), 0u);
}

TEST(BuildDnsAddressesTest, WritesNothingPastItsRoom) {
  const Bytes message = Query("a.example", 1, true);
  DnsQuery query;
  ASSERT_EQ(ParseDnsQuery(message, &query), DnsParsed::kQuery);
  Bytes whole(512);
  const base::IpAddress addresses[] = {base::IpAddress::V4(1), base::IpAddress::V4(2)};
  const size_t size = BuildDnsAddresses(message, query, addresses, 10, whole);
  for (size_t room = 0; room < size; ++room) {
    Bytes out(room);
    EXPECT_EQ(BuildDnsAddresses(message, query, addresses, 10, out), 0u);
  }
}

TEST(BuildDnsQueryTest, AsksForWhatItParses) {
  std::array<uint8_t, 512> bytes;
  const size_t size = BuildDnsQuery(0x1234, "Go.Example.", 28, 1, bytes);
  DnsQuery query;
  ASSERT_EQ(ParseDnsQuery(std::span(bytes).first(size), &query), DnsParsed::kQuery);
  EXPECT_EQ(query.id, 0x1234);
  EXPECT_EQ(query.name(), "go.example");
  EXPECT_TRUE(query.Is(DnsType::kAaaa));
  EXPECT_EQ(query.klass, 1);
  EXPECT_EQ(bytes[2], 1) << "recursion desired";
}

TEST(BuildDnsQueryTest, AsksForTheRoot) {
  std::array<uint8_t, 512> bytes;
  DnsQuery query;
  const size_t size = BuildDnsQuery(1, "", 2, 1, bytes);
  ASSERT_EQ(ParseDnsQuery(std::span(bytes).first(size), &query), DnsParsed::kQuery);
  EXPECT_EQ(query.name(), "");
}

TEST(BuildDnsQueryTest, RefusesWhatIsNoName) {
  std::array<uint8_t, 512> bytes;
  EXPECT_EQ(BuildDnsQuery(1, "a..example", 1, 1, bytes), 0u);
  EXPECT_EQ(BuildDnsQuery(1, std::string(64, 'a') + ".example", 1, 1, bytes), 0u);
  std::string longest;
  while (longest.size() < 254) {
    longest += "a.";
  }
  EXPECT_EQ(BuildDnsQuery(1, longest + "example", 1, 1, bytes), 0u);
  EXPECT_EQ(BuildDnsQuery(1, "go.example", 1, 1, std::span(bytes).first(20)), 0u);
}

TEST(QueryOfAnswerTest, IsTheQueryThatWasAnswered) {
  std::array<uint8_t, 512> asked;
  const size_t size = BuildDnsQuery(7, "go.example", 1, 1, asked);
  const auto message = std::span<const uint8_t>(asked).first(size);
  DnsQuery query;
  ASSERT_EQ(ParseDnsQuery(message, &query), DnsParsed::kQuery);
  const base::IpAddress address = base::IpAddress::V4(0x01020304);
  std::array<uint8_t, 512> answer;
  const size_t answer_size = BuildDnsAddresses(message, query, {&address, 1}, 10, answer);
  std::array<uint8_t, 512> found;
  const size_t found_size = QueryOfAnswer(std::span(answer).first(answer_size), found);
  DnsQuery again;
  ASSERT_EQ(ParseDnsQuery(std::span(found).first(found_size), &again), DnsParsed::kQuery);
  EXPECT_EQ(again.id, 7);
  EXPECT_EQ(again.name(), "go.example");
  EXPECT_EQ(again.type, query.type);
  EXPECT_EQ(QueryOfAnswer(message, found), 0u) << "a query is no answer";
  for (size_t cut = 0; cut < size; ++cut) {
    EXPECT_EQ(QueryOfAnswer(std::span(answer).first(cut), found), 0u) << cut;
  }
}

}  // namespace
}  // namespace names
