#include "protocol/hash.h"

#include <gtest/gtest.h>

#include <string>

namespace protocol {
namespace {

std::string Hex(Hash::Kind kind, std::string_view text, size_t piece = SIZE_MAX) {
  Hash hash(kind);
  for (size_t at = 0; at < text.size(); at += std::min(piece, text.size() - at)) {
    hash.Add(text.substr(at, piece));
  }
  std::array<char, Hash::kMaxHex> out;
  return std::string(hash.FinishHex(out));
}

std::string Hex(const Md5Digest& digest) {
  std::string out;
  for (const uint8_t byte : digest) {
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  return out;
}

std::span<const uint8_t> Bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

const std::string kAlphabet = "abcdefghijklmnopqrstuvwxyz";
const std::string kDigits =
    "12345678901234567890123456789012345678901234567890123456789012345678901234567890";

TEST(HashTest, GivesMd4OfRfc1320) {
  EXPECT_EQ(Hex(Hash::Kind::kMd4, ""), "31d6cfe0d16ae931b73c59d7e0c089c0");
  EXPECT_EQ(Hex(Hash::Kind::kMd4, "abc"), "a448017aaf21d8525fc10ae87aa6729d");
  EXPECT_EQ(Hex(Hash::Kind::kMd4, "message digest"), "d9130a8164549fe818874806e1c7014b");
  EXPECT_EQ(Hex(Hash::Kind::kMd4, kDigits), "e33b4ddc9c38f2199c3e7b164fcc0536");
}

TEST(HashTest, GivesMd5OfRfc1321) {
  EXPECT_EQ(Hex(Hash::Kind::kMd5, ""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(Hex(Hash::Kind::kMd5, "abc"), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(Hex(Hash::Kind::kMd5, kAlphabet), "c3fcd3d76192e4007dfb496cca67e13b");
  EXPECT_EQ(Hex(Hash::Kind::kMd5, kDigits), "57edf4a22be3c955ac49da2e2107b67a");
}

TEST(HashTest, GivesSha256OfRfc6234) {
  EXPECT_EQ(Hex(Hash::Kind::kSha256, ""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Hex(Hash::Kind::kSha256, "abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Hex(Hash::Kind::kSha256, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Hex(Hash::Kind::kSha256, std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(HashTest, GivesTheSameHoweverTheTextIsCut) {
  for (const Hash::Kind kind : {Hash::Kind::kMd4, Hash::Kind::kMd5, Hash::Kind::kSha256}) {
    for (const size_t piece : {1u, 7u, 64u}) {
      EXPECT_EQ(Hex(kind, kDigits + kDigits, piece), Hex(kind, kDigits + kDigits));
    }
  }
}

TEST(HashTest, IsAsNewOnceFinished) {
  Hash hash(Hash::Kind::kSha256);
  std::array<char, Hash::kMaxHex> out;
  hash.Add("something else").FinishHex(out);
  EXPECT_EQ(hash.Add("abc").FinishHex(out), Hex(Hash::Kind::kSha256, "abc"));
}

TEST(HmacMd5Test, GivesTheValuesOfRfc2202) {
  EXPECT_EQ(Hex(HmacMd5(Bytes(std::string(16, '\x0b'))).Add(Bytes("Hi There")).Finish()),
            "9294727a3638bb1c13f48ef8158bfc9d");
  EXPECT_EQ(Hex(HmacMd5(Bytes("Jefe"))
                    .Add(Bytes("what do ya want "))
                    .Add(Bytes("for nothing?"))
                    .Finish()),
            "750c783e6ab0b503eaa86e310a5db738");
  EXPECT_EQ(
      Hex(HmacMd5(Bytes(std::string(16, '\xaa'))).Add(Bytes(std::string(50, '\xdd'))).Finish()),
      "56be34521d144c88dbb8c733f0e8b3f6");
}

}  // namespace
}  // namespace protocol
