#include "config/values.h"

#include <array>
#include <string>

#include "config/host_name.h"
#include "config/nearest_word.h"

namespace config {
namespace {

constexpr std::string_view kBlanks = " \t";

template <typename T>
struct Word {
  std::string_view text;
  T value;
};

constexpr Word<Dns> kDnsWords[] = {{"remote", Dns::kRemote}, {"local", Dns::kLocal}};
constexpr Word<Connect> kConnectWords[] = {
    {"auto", Connect::kAuto}, {"direct", Connect::kDirect}, {"relay", Connect::kRelay}};
constexpr Word<Udp> kUdpWords[] = {{"block", Udp::kBlock}, {"direct", Udp::kDirect}};
constexpr Word<Setuid> kSetuidWords[] = {
    {"refuse", Setuid::kRefuse}, {"warn", Setuid::kWarn}, {"allow", Setuid::kAllow}};
constexpr Word<Auth> kAuthWords[] = {{"basic", Auth::kBasic},
                                     {"digest", Auth::kDigest},
                                     {"ntlm", Auth::kNtlm},
                                     {"negotiate", Auth::kNegotiate}};
constexpr Word<Pipeline> kPipelineWords[] = {
    {"auto", Pipeline::kAuto}, {"yes", Pipeline::kYes}, {"no", Pipeline::kNo}};
constexpr uint32_t kMaxTimeoutMs = 3600 * 1000;

// The value of one of `words` for `key`.
template <typename T, size_t N>
std::optional<Complaint> ParseWord(std::string_view key, std::string_view text,
                                   const Word<T> (&words)[N], T* out) {
  std::array<std::string_view, N> texts;
  std::string needed;
  for (size_t i = 0; i < N; ++i) {
    if (text == words[i].text) {
      *out = words[i].value;
      return std::nullopt;
    }
    texts[i] = words[i].text;
    needed.append(i == 0 ? "" : i + 1 == N ? " or " : ", ").append(texts[i]);
  }
  return Complaint{"bad " + std::string(key) + " " + Quote(text) + ": " + needed + " is needed",
                   NearestWord(text, texts)};
}

}  // namespace

std::string_view NextWord(std::string_view* text) {
  const size_t begin = text->find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) {
    *text = {};
    return {};
  }
  text->remove_prefix(begin);
  const std::string_view word = text->substr(0, text->find_first_of(kBlanks));
  text->remove_prefix(word.size());
  return word;
}

uint32_t ParseSeconds(std::string_view text) {
  uint64_t ms = 0;
  uint64_t unit = 1000;
  bool rest = false;
  bool point = false;
  size_t digits = 0;
  for (const char c : text) {
    if (c == '.' && !point) {
      point = true;
      continue;
    }
    if (c < '0' || c > '9') {
      return 0;
    }
    ++digits;
    const auto digit = static_cast<uint64_t>(c - '0');
    if (!point) {
      ms = ms * 10 + digit * 1000;
    } else {
      unit /= 10;
      ms += digit * unit;
      rest = rest || (unit == 0 && digit > 0);
    }
    if (ms > kMaxTimeoutMs) {
      return 0;
    }
  }
  ms += rest ? 1 : 0;
  return digits == 0 || text.back() == '.' || ms > kMaxTimeoutMs ? 0 : static_cast<uint32_t>(ms);
}

std::optional<Complaint> ParseDns(std::string_view text, Dns* out) {
  return ParseWord("dns", text, kDnsWords, out);
}

std::optional<Complaint> ParseConnect(std::string_view text, Connect* out) {
  return ParseWord("connect", text, kConnectWords, out);
}

std::optional<Complaint> ParseUdp(std::string_view text, Udp* out) {
  return ParseWord("udp", text, kUdpWords, out);
}

std::optional<Complaint> ParseSetuid(std::string_view text, Setuid* out) {
  return ParseWord("setuid", text, kSetuidWords, out);
}

std::optional<Complaint> ParseAuth(std::string_view text, Auth* out) {
  return ParseWord("auth", text, kAuthWords, out);
}

std::optional<Complaint> ParsePipeline(std::string_view text, Pipeline* out) {
  return ParseWord("pipeline", text, kPipelineWords, out);
}

std::optional<Complaint> ParsePool(std::string_view text, uint8_t* out) {
  uint32_t number = 0;
  if (!ParseNumber(text, kMaxPool, &number)) {
    return Complaint{"bad pool " + Quote(text) + ": a number from 0 to " +
                         std::to_string(kMaxPool) + " is needed",
                     {}};
  }
  *out = static_cast<uint8_t>(number);
  return std::nullopt;
}

}  // namespace config
