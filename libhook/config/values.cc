#include "config/values.h"

#include <iterator>

#include "config/host_name.h"
#include "config/nearest_word.h"

namespace config {
namespace {

constexpr std::string_view kBlanks = " \t";
constexpr std::string_view kDnsWords[] = {"remote", "local"};
constexpr std::string_view kConnectWords[] = {"auto", "direct", "relay"};
constexpr Connect kConnects[] = {Connect::kAuto, Connect::kDirect, Connect::kRelay};
constexpr std::string_view kUdpWords[] = {"block", "direct"};
constexpr std::string_view kSetuidWords[] = {"refuse", "warn", "allow"};
constexpr Setuid kSetuids[] = {Setuid::kRefuse, Setuid::kWarn, Setuid::kAllow};
constexpr std::string_view kAuthWords[] = {"basic", "digest", "ntlm", "negotiate"};
constexpr Auth kAuths[] = {Auth::kBasic, Auth::kDigest, Auth::kNtlm, Auth::kNegotiate};
constexpr std::string_view kPipelineWords[] = {"auto", "yes", "no"};
constexpr Pipeline kPipelines[] = {Pipeline::kAuto, Pipeline::kYes, Pipeline::kNo};
constexpr uint32_t kMaxTimeoutMs = 3600 * 1000;

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
  if (text != kDnsWords[0] && text != kDnsWords[1]) {
    return Complaint{"bad dns " + Quote(text) + ": remote or local is needed",
                     NearestWord(text, kDnsWords)};
  }
  *out = text == kDnsWords[0] ? Dns::kRemote : Dns::kLocal;
  return std::nullopt;
}

std::optional<Complaint> ParseConnect(std::string_view text, Connect* out) {
  for (size_t i = 0; i < std::size(kConnectWords); ++i) {
    if (text == kConnectWords[i]) {
      *out = kConnects[i];
      return std::nullopt;
    }
  }
  return Complaint{"bad connect " + Quote(text) + ": auto, direct or relay is needed",
                   NearestWord(text, kConnectWords)};
}

std::optional<Complaint> ParseUdp(std::string_view text, Udp* out) {
  if (text != kUdpWords[0] && text != kUdpWords[1]) {
    return Complaint{"bad udp " + Quote(text) + ": block or direct is needed",
                     NearestWord(text, kUdpWords)};
  }
  *out = text == kUdpWords[0] ? Udp::kBlock : Udp::kDirect;
  return std::nullopt;
}

std::optional<Complaint> ParseSetuid(std::string_view text, Setuid* out) {
  for (size_t i = 0; i < std::size(kSetuidWords); ++i) {
    if (text == kSetuidWords[i]) {
      *out = kSetuids[i];
      return std::nullopt;
    }
  }
  return Complaint{"bad setuid " + Quote(text) + ": refuse, warn or allow is needed",
                   NearestWord(text, kSetuidWords)};
}

std::optional<Complaint> ParseAuth(std::string_view text, Auth* out) {
  for (size_t i = 0; i < std::size(kAuthWords); ++i) {
    if (text == kAuthWords[i]) {
      *out = kAuths[i];
      return std::nullopt;
    }
  }
  return Complaint{"bad auth " + Quote(text) + ": basic, digest, ntlm or negotiate is needed",
                   NearestWord(text, kAuthWords)};
}

std::optional<Complaint> ParsePipeline(std::string_view text, Pipeline* out) {
  for (size_t i = 0; i < std::size(kPipelineWords); ++i) {
    if (text == kPipelineWords[i]) {
      *out = kPipelines[i];
      return std::nullopt;
    }
  }
  return Complaint{"bad pipeline " + Quote(text) + ": auto, yes or no is needed",
                   NearestWord(text, kPipelineWords)};
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
