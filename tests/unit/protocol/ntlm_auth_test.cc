#include "protocol/ntlm_auth.h"

#include <array>
#include <string>

#include "driver.h"
#include "protocol/base64.h"

namespace protocol {
namespace {

std::string FromHex(std::string_view hex) {
  std::string out;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return out;
}

std::string Hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    out += "0123456789abcdef"[static_cast<uint8_t>(c) >> 4];
    out += "0123456789abcdef"[static_cast<uint8_t>(c) & 15];
  }
  return out;
}

std::string FromBase64(std::string_view text) {
  std::array<uint8_t, 4096> out;
  const auto size = DecodeBase64(text, out);
  EXPECT_TRUE(size.has_value());
  return Text(std::span(out).first(size.value_or(0)));
}

unsigned Number(std::string_view bytes, size_t at, size_t size) {
  unsigned out = 0;
  for (size_t i = size; i-- > 0;) out = out << 8 | static_cast<uint8_t>(bytes[at + i]);
  return out;
}

// What a field of the message's header points at.
std::string Field(const std::string& message, size_t at) {
  return message.substr(Number(message, at + 4, 4), Number(message, at, 2));
}

constexpr size_t kLm = 12;
constexpr size_t kNt = 20;
constexpr size_t kDomain = 28;
constexpr size_t kUser = 36;
constexpr size_t kWorkstation = 44;
constexpr size_t kSessionKey = 52;

// MS-NLMP §4.2.4: the names, the server's and the client's challenge, the time 0.
const std::string kChallenge =
    "4e544c4d53535000020000000c000c003800000033828ae20123456789abcdef0000000000000000"
    "2400240044000000060070170000000f530065007200760065007200"
    "02000c0044006f006d00610069006e0001000c0053006500720076006500720000000000";
const HttpCredentials kCredentials{"Domain\\User", "Password", "COMPUTER"};

Freshness VectorsFreshness() {
  Freshness fresh;
  fresh.random.fill(0xaa);
  fresh.unix_time_s = -11644473600;
  return fresh;
}

HttpChallenge Challenge(const std::string& message) {
  HttpChallenge out;
  out.scheme = HttpScheme::kNtlm;
  std::copy(message.begin(), message.end(), out.text.begin());
  out.nonce_size = static_cast<uint16_t>(message.size());
  return out;
}

// The message itself; empty where there is none to this challenge.
std::string Answer(const std::string& challenge, const HttpCredentials& credentials = kCredentials,
                   const Freshness& fresh = VectorsFreshness()) {
  std::array<char, 4096> buffer;
  base::TextWriter out(buffer);
  if (!WriteNtlmAuthenticate(out, Challenge(challenge), credentials, fresh)) return {};
  EXPECT_TRUE(out.view().starts_with("NTLM "));
  return FromBase64(out.view().substr(5));
}

TEST(NtlmAuthTest, GivesTheKeyOfMsNlmp) {
  const Md5Digest key = NtlmKey(NtlmName("Domain\\User"), "Password");
  EXPECT_EQ(Hex(Text(key)), "0c868a403bfd7a93a3001ef22ef02e3f");
  EXPECT_EQ(NtlmKey(NtlmName("Domain\\uSeR"), "Password"), key) << "users have no case";
  EXPECT_NE(NtlmKey(NtlmName("DOMAIN\\User"), "Password"), key) << "domains have";
}

TEST(NtlmAuthTest, GivesTheResponsesOfMsNlmp) {
  const std::string message = Answer(FromHex(kChallenge));
  EXPECT_EQ(Hex(Field(message, kLm)), "86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa");
  EXPECT_EQ(Hex(Field(message, kNt)),
            "68cd0ab851e51c96aabc927bebef6a1c"
            "01010000000000000000000000000000aaaaaaaaaaaaaaaa00000000"
            "02000c0044006f006d00610069006e0001000c0053006500720076006500720000000000"
            "00000000");
}

TEST(NtlmAuthTest, WritesNamesInUtf16) {
  const std::string message = Answer(FromHex(kChallenge));
  EXPECT_TRUE(message.starts_with(Raw("NTLMSSP\0\3\0\0\0")));
  EXPECT_EQ(Field(message, kDomain), Raw("D\0o\0m\0a\0i\0n\0"));
  EXPECT_EQ(Field(message, kUser), Raw("U\0s\0e\0r\0"));
  EXPECT_EQ(Field(message, kWorkstation), Raw("C\0O\0M\0P\0U\0T\0E\0R\0"));
  EXPECT_EQ(Field(message, kSessionKey), "");
  const unsigned flags = Number(message, 60, 4);
  EXPECT_EQ(flags & 0x3, 0x1u) << "Unicode, not OEM";
  EXPECT_EQ(flags & 0x40000030, 0u) << "neither key exchange, signing nor sealing";
}

TEST(NtlmAuthTest, WritesNamesAsTheyAreToServersWithoutUnicode) {
  std::string challenge = FromHex(kChallenge);
  challenge[20] = static_cast<char>((challenge[20] & ~1) | 2);
  const std::string message = Answer(challenge);
  EXPECT_EQ(Field(message, kDomain), "Domain");
  EXPECT_EQ(Field(message, kUser), "User");
  EXPECT_EQ(Number(message, 60, 4) & 0x3, 0x2u);
}

TEST(NtlmAuthTest, SaysTheMachinesNameWhereNoOtherIsGiven) {
  Freshness fresh = VectorsFreshness();
  std::copy_n("HOST", 5, fresh.host.begin());
  EXPECT_EQ(Field(Answer(FromHex(kChallenge), {"User", "Password"}, fresh), kWorkstation),
            Raw("H\0O\0S\0T\0"));
}

TEST(NtlmAuthTest, TakesTheServersTimeAndSendsNoLmResponseThen) {
  // The same challenge with MsvAvTimestamp before the end of its target info.
  std::string challenge = FromHex(kChallenge);
  challenge.resize(challenge.size() - 4);
  challenge += FromHex(
      "070008001122334455667788"
      "00000000");
  challenge[40] = challenge[42] = static_cast<char>(0x24 + 12);
  const std::string message = Answer(challenge);
  EXPECT_EQ(Field(message, kLm), std::string(24, '\0'));
  EXPECT_EQ(Hex(Field(message, kNt).substr(16, 16)), "01010000000000001122334455667788");
}

TEST(NtlmAuthTest, CountsTimeFrom1601) {
  Freshness fresh = VectorsFreshness();
  fresh.unix_time_s = 0;
  EXPECT_EQ(Hex(Field(Answer(FromHex(kChallenge), kCredentials, fresh), kNt).substr(24, 8)),
            "00803ed5deb19d01");
}

TEST(NtlmAuthTest, AnswersChallengesWithoutTargetInfo) {
  const std::string old =
      FromHex("4e544c4d535350000200000000000000300000000182000001234567890abcde0000000000000000");
  const std::string nt = Field(Answer(old), kNt);
  EXPECT_EQ(nt.size(), 16u + 28u + 4u);
}

TEST(NtlmAuthTest, RefusesMessagesThatAreNoChallenge) {
  const std::string good = FromHex(kChallenge);
  EXPECT_EQ(Answer(""), "");
  EXPECT_EQ(Answer(good.substr(0, 31)), "");
  EXPECT_EQ(Answer("X" + good.substr(1)), "");
  std::string other_type = good;
  other_type[8] = 1;
  EXPECT_EQ(Answer(other_type), "");
  for (const size_t byte : {40u, 41u, 44u, 45u, 47u}) {
    std::string beyond = good;
    beyond[byte] = '\x7f';
    EXPECT_EQ(Answer(beyond), "") << byte;
  }
}

TEST(NtlmAuthTest, ReadsNoTargetInfoPastItsEnd) {
  std::string challenge = FromHex(kChallenge);
  challenge[challenge.size() - 30] = '\x7f';  // the length of its first pair
  EXPECT_EQ(Field(Answer(challenge), kLm).size(), 24u);
}

TEST(NtlmAuthTest, RefusesNamesThatAreTooLong) {
  const std::string user(990, 'u');
  EXPECT_EQ(Answer(FromHex(kChallenge), {user, "p"}), "");
}

TEST(NtlmAuthTest, SplitsTheDomainFromTheUser) {
  EXPECT_EQ(NtlmName("CORP\\alice").domain, "CORP");
  EXPECT_EQ(NtlmName("CORP\\alice").user, "alice");
  EXPECT_EQ(NtlmName("alice@corp.example").domain, "");
  EXPECT_EQ(NtlmName("alice@corp.example").user, "alice@corp.example");
  EXPECT_EQ(NtlmName("CORP\\a\\b").user, "a\\b");
}

TEST(NtlmAuthTest, BeginsWithAnEmptyNegotiateMessage) {
  std::array<char, 128> buffer;
  base::TextWriter out(buffer);
  WriteNtlmNegotiate(out);
  const std::string message = FromBase64(out.view().substr(5));
  EXPECT_EQ(message.size(), 32u);
  EXPECT_TRUE(message.starts_with(Raw("NTLMSSP\0\1\0\0\0")));
  EXPECT_EQ(Number(message, 12, 4), 0xa0088207u);
}

}  // namespace
}  // namespace protocol
