#include "protocol/ntlm_auth.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "protocol/base64.h"
#include "protocol/utf16.h"

namespace protocol {
namespace {

using Bytes = std::span<const uint8_t>;

constexpr std::array<uint8_t, 8> kSignature = {'N', 'T', 'L', 'M', 'S', 'S', 'P', 0};

// §2.2.2.5
enum Flag : uint32_t {
  kUnicode = 0x1,
  kOem = 0x2,
  kRequestTarget = 0x4,
  kNtlm = 0x200,
  kAlwaysSign = 0x8000,
  kExtendedSessionSecurity = 0x80000,
  kTargetInfo = 0x800000,
  k128 = 0x20000000,
  k56 = 0x80000000,
};
constexpr uint32_t kOurFlags =
    kUnicode | kOem | kRequestTarget | kNtlm | kAlwaysSign | kExtendedSessionSecurity | k128 | k56;

// Room for any target info of a challenge, and for names of 400 characters together.
constexpr size_t kMaxMessage = 2048;
constexpr size_t kHeaderSize = 64;
constexpr size_t kClientChallengeSize = 8;

uint32_t Little(Bytes bytes, size_t at, size_t size) {
  uint32_t value = 0;
  for (size_t i = size; i-- > 0;) {
    value = value << 8 | bytes[at + i];
  }
  return value;
}

void PutLittle(std::span<uint8_t> out, size_t at, uint64_t value, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    out[at + i] = static_cast<uint8_t>(value >> (8 * i));
  }
}

// §2.2.1.2; views of the message.
struct Challenge {
  uint32_t flags = 0;
  Bytes nonce;
  Bytes target_info;
};

std::optional<Challenge> Parse(Bytes message) {
  constexpr size_t kShortest = 32;
  constexpr size_t kTargetInfoAt = 40;
  if (message.size() < kShortest ||
      std::memcmp(message.data(), kSignature.data(), kSignature.size()) != 0 ||
      Little(message, 8, 4) != 2) {
    return std::nullopt;
  }
  Challenge out{Little(message, 20, 4), message.subspan(24, 8), {}};
  if ((out.flags & kTargetInfo) == 0 || message.size() < kTargetInfoAt + 8) {
    return out;
  }
  const size_t size = Little(message, kTargetInfoAt, 2);
  const size_t offset = Little(message, kTargetInfoAt + 4, 4);
  if (offset > message.size() || size > message.size() - offset) {
    return std::nullopt;
  }
  out.target_info = message.subspan(offset, size);
  return out;
}

// MsvAvTimestamp (§2.2.2.1), 8 bytes; empty where there is none.
Bytes Timestamp(Bytes info) {
  constexpr uint32_t kEnd = 0;
  constexpr uint32_t kTimestamp = 7;
  while (info.size() >= 4) {
    const uint32_t id = Little(info, 0, 2);
    const size_t size = Little(info, 2, 2);
    if (id == kEnd || size > info.size() - 4) {
      break;
    }
    if (id == kTimestamp && size == 8) {
      return info.subspan(4, size);
    }
    info = info.subspan(4 + size);
  }
  return {};
}

// Tenths of microseconds since 1601.
uint64_t FileTime(int64_t unix_time_s) {
  constexpr int64_t kSecondsTo1970 = 11644473600;
  return static_cast<uint64_t>(unix_time_s + kSecondsTo1970) * 10000000;
}

// An AUTHENTICATE_MESSAGE in the making: a header, whose fields say where behind it each piece
// lies.
class Message {
 public:
  explicit Message(bool unicode) : unicode_(unicode) {
    std::memset(bytes_.data(), 0, kHeaderSize);
    std::memcpy(bytes_.data(), kSignature.data(), kSignature.size());
    PutLittle(bytes_, 8, 3, 4);
  }

  void AddText(size_t field, std::string_view text) {
    if (unicode_) {
      Utf16Writer out{std::span<uint8_t>(bytes_).subspan(size_)};
      cut_ = out.Append(text).cut() || cut_;
      Close(field, out.view().size());
    } else {
      Add(field, {reinterpret_cast<const uint8_t*>(text.data()), text.size()}, {});
    }
  }

  // `first` and `second`, one behind the other.
  void Add(size_t field, Bytes first, Bytes second) {
    if (first.size() + second.size() > bytes_.size() - size_) {
      cut_ = true;
      return;
    }
    uint8_t* at = bytes_.data() + size_;
    at = std::copy(first.begin(), first.end(), at);
    std::copy(second.begin(), second.end(), at);
    Close(field, first.size() + second.size());
  }

  void SetFlags(uint32_t flags) { PutLittle(bytes_, 60, flags, 4); }
  bool cut() const { return cut_; }
  Bytes view() const { return Bytes(bytes_).first(size_); }

 private:
  void Close(size_t field, size_t size) {
    PutLittle(bytes_, field, size, 2);
    PutLittle(bytes_, field + 2, size, 2);
    PutLittle(bytes_, field + 4, size_, 4);
    size_ += size;
  }

  bool unicode_;
  bool cut_ = false;
  size_t size_ = kHeaderSize;
  std::array<uint8_t, kMaxMessage> bytes_;
};

}  // namespace

NtlmName::NtlmName(std::string_view text) : user(text) {
  if (const size_t slash = text.find('\\'); slash != std::string_view::npos) {
    domain = text.substr(0, slash);
    user = text.substr(slash + 1);
  }
}

Md5Digest NtlmKey(const NtlmName& name, std::string_view password) {
  std::array<uint8_t, kMaxMessage> buffer;
  std::array<uint8_t, Hash::kMaxDigest> digest;
  Utf16Writer secret(buffer);
  const Bytes hash = Hash(Hash::Kind::kMd4).Add(secret.Append(password).view()).Finish(digest);
  Utf16Writer names(buffer);
  return HmacMd5(hash).Add(names.AppendUpper(name.user).Append(name.domain).view()).Finish();
}

void WriteNtlmNegotiate(base::TextWriter& out) {
  // Without the names of a domain and a workstation: proxies ask for them in the answer alone.
  std::array<uint8_t, 32> message{};
  std::memcpy(message.data(), kSignature.data(), kSignature.size());
  PutLittle(message, 8, 1, 4);
  PutLittle(message, 12, kOurFlags, 4);
  PutLittle(message, 20, message.size(), 4);
  PutLittle(message, 28, message.size(), 4);
  out.Append("NTLM ");
  Base64Writer(out).Append(message).Finish();
}

bool WriteNtlmAuthenticate(base::TextWriter& out, const HttpChallenge& challenge,
                           const HttpCredentials& credentials, const Freshness& fresh) {
  const auto asked = Parse(challenge.message());
  if (!asked) {
    return false;
  }
  const NtlmName name(credentials.user);
  const Md5Digest key = NtlmKey(name, credentials.password);
  const Bytes ours = Bytes(fresh.random).first<kClientChallengeSize>();

  // NTLMv2_CLIENT_CHALLENGE (§2.2.2.7).
  constexpr size_t kInfoAt = 28;
  std::array<uint8_t, kInfoAt + HttpChallenge::kMaxText + 4> blob{};
  blob[0] = 1;
  blob[1] = 1;
  const Bytes timestamp = Timestamp(asked->target_info);
  PutLittle(blob, 8, FileTime(fresh.unix_time_s), 8);
  std::copy(timestamp.begin(), timestamp.end(), blob.begin() + 8);
  std::copy(ours.begin(), ours.end(), blob.begin() + 16);
  std::copy(asked->target_info.begin(), asked->target_info.end(), blob.begin() + kInfoAt);
  const Bytes written = Bytes(blob).first(kInfoAt + asked->target_info.size() + 4);
  const Md5Digest proof = HmacMd5(key).Add(asked->nonce).Add(written).Finish();

  // LMv2, which nobody is to have where the server has said its time (§3.1.5.1.2).
  Md5Digest lm_proof{};
  std::array<uint8_t, kClientChallengeSize> lm_ours{};
  if (timestamp.empty()) {
    lm_proof = HmacMd5(key).Add(asked->nonce).Add(ours).Finish();
    std::copy(ours.begin(), ours.end(), lm_ours.begin());
  }

  Message message((asked->flags & kUnicode) != 0);
  message.AddText(28, name.domain);
  message.AddText(36, name.user);
  message.AddText(44, credentials.workstation.empty() ? std::string_view(fresh.host.data())
                                                      : credentials.workstation);
  message.Add(12, lm_proof, lm_ours);
  message.Add(20, proof, written);
  message.Add(52, {}, {});
  message.SetFlags(asked->flags & kOurFlags & ~((asked->flags & kUnicode) != 0 ? kOem : 0u));
  out.Append("NTLM ");
  Base64Writer(out).Append(message.view()).Finish();
  return !message.cut();
}

}  // namespace protocol
