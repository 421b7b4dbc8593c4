#include "config/pattern_parser.h"

#include <algorithm>
#include <array>

#include "config/host_name.h"
#include "config/international_name.h"
#include "config/nearest_word.h"

namespace config {
namespace {

constexpr std::string_view kSets[] = {"@loopback", "@private", "@goprivate", "@file"};
constexpr unsigned kMappedBits = 96;  // of ::ffff:0:0/96, RFC 4291 §2.5.5.2

std::string AddressText(const base::IpAddress& address) {
  std::array<char, base::kMaxEndpointText> buffer;
  return std::string(base::Endpoint(address, 0).HostText(buffer, false));
}

base::IpAddress Network(const base::IpAddress& address, unsigned bits) {
  std::array<uint8_t, 16> bytes{};
  const std::span<const uint8_t> from = address.bytes();
  for (size_t i = 0; i < from.size(); ++i) {
    const unsigned kept =
        bits > i * 8 ? std::min<unsigned>(bits - static_cast<unsigned>(i) * 8, 8) : 0;
    bytes[i] = static_cast<uint8_t>(from[i] & (0xff00u >> kept));
  }
  return address.is_v4() ? base::IpAddress::V4Bytes(std::span(bytes).first<4>())
                         : base::IpAddress::V6Bytes(bytes);
}

bool HasOnly(std::string_view text, std::string_view bytes) {
  return text.find_first_not_of(bytes) == std::string_view::npos;
}

// "192.168.*" → "192.168.0.0/16"; empty where `text` isn't numbers and then stars.
std::string NetworkOfStars(std::string_view text) {
  if (!HasOnly(text, "0123456789.*") || text.find('*') == std::string_view::npos) {
    return {};
  }
  const std::string_view fixed = text.substr(0, text.find('*'));
  if (!HasOnly(text.substr(fixed.size()), ".*") || (!fixed.empty() && fixed.back() != '.')) {
    return {};
  }
  const auto parts = static_cast<size_t>(std::count(fixed.begin(), fixed.end(), '.'));
  if (parts == 0 || parts > 3) {
    return {};
  }
  std::string address(fixed);
  for (size_t i = parts; i < 4; ++i) {
    address += i < 3 ? "0." : "0";
  }
  return base::IpAddress::Parse(address) ? address + "/" + std::to_string(parts * 8)
                                         : std::string();
}

// "2001:db8:0:0:0:0:0:1:443" → "[2001:db8:0:0:0:0:0:1]:443"; empty where `text` isn't both.
std::string WithBrackets(std::string_view text) {
  const size_t colon = text.rfind(':');
  uint16_t port = 0;
  if (colon == std::string_view::npos || !ParsePort(text.substr(colon + 1), &port) ||
      !base::IpAddress::Parse(text.substr(0, colon))) {
    return {};
  }
  return "[" + std::string(text.substr(0, colon)) + "]" + std::string(text.substr(colon));
}

// One pattern on its way into a ParsedPattern, taken off `rest_` from both ends.
class Parser {
 public:
  Parser(std::string_view text, ParsedPattern* out) : text_(text), rest_(text), out_(out) {}

  std::optional<Complaint> Parse() {
    // A path may hold what a pattern may not.
    const bool list =
        text_.starts_with("@file:") || text_.find("@@file:") != std::string_view::npos;
    if (auto complaint = list ? std::nullopt : FindCommonMistake()) {
      return complaint;
    }
    if (rest_.starts_with("exe:")) {
      if (auto complaint = TakeExe(); complaint || out_->exe_only) {
        return complaint;
      }
    }
    if (rest_.starts_with('@')) {
      return TakeSet();
    }
    if (auto complaint = TakePort()) {
      return complaint;
    }
    if (rest_.empty() || rest_ == "*") {
      out_->kind = PatternKind::kAny;
      return std::nullopt;
    }
    if (rest_.find('/') != std::string_view::npos || rest_.find(':') != std::string_view::npos ||
        base::IpAddress::Parse(rest_)) {
      return TakeNetwork();
    }
    return TakeName();
  }

 private:
  std::optional<Complaint> Complain(std::string_view what, std::string hint = {}) const {
    return Complaint{"the pattern " + Quote(text_) + " " + std::string(what), std::move(hint)};
  }

  std::optional<Complaint> FindCommonMistake() const {
    if (text_.find("://") != std::string_view::npos) {
      return Complain("is a URL; a pattern is a host or a network");
    }
    if (text_.find(',') != std::string_view::npos) {
      return Complain("has a ','; patterns are separated by blanks");
    }
    if (text_.find('=') != std::string_view::npos) {
      return Complain("has a '='; a new rule starts at the beginning of its line");
    }
    if (text_.starts_with('#')) {
      return Complain("is no comment; behind a rule a comment starts with ';'");
    }
    return std::nullopt;
  }

  std::optional<Complaint> TakeExe() {
    rest_.remove_prefix(4);
    const size_t at = rest_.find('@');
    const std::string_view name = rest_.substr(0, at);
    if (name.empty() || (at != std::string_view::npos && at + 1 == rest_.size())) {
      return Complain("is incomplete: write exe:NAME or exe:NAME@PATTERN");
    }
    if (name.find('/') != std::string_view::npos) {
      return Complain("has a path; a program goes by its file name alone");
    }
    if (name.find('*') != std::string_view::npos) {
      return Complain("has a '*' in the program's name");
    }
    if (const size_t colon = name.find(':'); colon != std::string_view::npos) {
      return Complain("names a port of no pattern", "exe:" + std::string(name.substr(0, colon)) +
                                                        "@" + std::string(name.substr(colon)));
    }
    out_->exe = name;
    if (at == std::string_view::npos) {
      out_->exe_only = true;
      return std::nullopt;
    }
    rest_.remove_prefix(at + 1);
    return std::nullopt;
  }

  std::optional<Complaint> TakeSet() {
    const std::string word = LowerCase(rest_.substr(0, rest_.find(':')));
    if (word == kSets[3]) {
      out_->kind = PatternKind::kList;
      out_->host = rest_.size() > word.size() ? rest_.substr(word.size() + 1) : "";
      return out_->host.empty() ? Complain("is incomplete: write @file:PATH") : std::nullopt;
    }
    if (word == kSets[0]) {
      out_->kind = PatternKind::kLoopback;
    } else if (word == kSets[1]) {
      out_->kind = PatternKind::kPrivate;
    } else if (word == kSets[2]) {
      out_->kind = PatternKind::kGoGlob;  // without a glob: whoever adds it puts those of Go in
    } else {
      return Complaint{"unknown pattern " + Quote(rest_), NearestWord(word, kSets)};
    }
    if (word.size() == rest_.size()) {
      return std::nullopt;
    }
    return TakePortText(rest_.substr(word.size() + 1));
  }

  // Takes ":port" off the end, where there is one: more than one ':' without brackets or a '/' is
  // an IPv6 address.
  std::optional<Complaint> TakePort() {
    if (rest_.starts_with('[')) {
      const size_t end = rest_.find(']');
      if (end == std::string_view::npos) {
        return Complain("has no ']'");
      }
      // "[fd00::]/8:22" is written "[fd00::/8]:22" too.
      const size_t colon = rest_.find(':', end);
      const std::string_view behind =
          rest_.substr(end + 1, colon == std::string_view::npos ? colon : colon - end - 1);
      if (!behind.empty() && behind.front() != '/') {
        return Complain("has text behind its ']' that is no port");
      }
      const std::string_view port =
          colon == std::string_view::npos ? std::string_view() : rest_.substr(colon + 1);
      unbracketed_ = std::string(rest_.substr(1, end - 1)) + std::string(behind);
      rest_ = unbracketed_;
      if (!base::IpAddress::Parse(rest_.substr(0, rest_.find('/'))) ||
          rest_.find(':') == std::string_view::npos) {
        return Complain("has no IPv6 address between its brackets");
      }
      return colon == std::string_view::npos ? std::nullopt : TakePortText(port);
    }
    const size_t slash = rest_.find('/');
    const size_t colon = rest_.find(':', slash == std::string_view::npos ? 0 : slash);
    if (colon == std::string_view::npos ||
        (slash == std::string_view::npos && rest_.find(':', colon + 1) != std::string_view::npos)) {
      return std::nullopt;
    }
    const std::string_view port = rest_.substr(colon + 1);
    rest_ = rest_.substr(0, colon);
    return TakePortText(port);
  }

  std::optional<Complaint> TakePortText(std::string_view text) {
    const size_t dash = text.find('-');
    const std::string_view high = dash == std::string_view::npos ? text : text.substr(dash + 1);
    if (!ParsePort(text.substr(0, dash), &out_->low_port) || !ParsePort(high, &out_->high_port)) {
      return Complain("has a bad port: a number from 1 to 65535 or LOW-HIGH is needed");
    }
    if (out_->high_port < out_->low_port) {
      return Complain("has a port range that ends before it starts");
    }
    return std::nullopt;
  }

  std::optional<Complaint> TakeNetwork() {
    const size_t slash = rest_.find('/');
    const std::string_view address_text = rest_.substr(0, slash);
    const auto address = base::IpAddress::Parse(address_text);
    if (!address) {
      return Complain("is neither a host name nor an address", WithBrackets(rest_));
    }
    const bool mapped = address->is_v4() && address_text.find(':') != std::string_view::npos;
    const uint32_t most = address->is_v4() && !mapped ? 32 : 128;
    uint32_t bits = most;
    if (slash != std::string_view::npos && !ParseNumber(rest_.substr(slash + 1), most, &bits)) {
      return Complain("has a bad prefix length: a number from 0 to " + std::to_string(most) +
                      " is needed");
    }
    if (mapped && bits < kMappedBits) {
      return Complain(
          "reaches beyond the IPv4-mapped addresses: a prefix length from 96 is needed");
    }
    out_->kind = PatternKind::kAddress;
    out_->address = *address;
    out_->prefix_bits = static_cast<uint8_t>(mapped ? bits - kMappedBits : bits);
    const base::IpAddress network = Network(*address, out_->prefix_bits);
    if (!(network == *address)) {
      return Complain("has bits set behind its prefix",
                      AddressText(network) + "/" + std::to_string(out_->prefix_bits));
    }
    return std::nullopt;
  }

  std::optional<Complaint> TakeName() {
    if (std::string network = NetworkOfStars(rest_); !network.empty()) {
      return Complain("has a '*' in an address", std::move(network));
    }
    const bool self = rest_.starts_with('.');
    const bool below = rest_.starts_with("*.");
    const bool star_inside = rest_.find('*', below ? 2 : 0) != std::string_view::npos;
    if (self && star_inside) {
      return Complain("has a '*' behind its leading '.'; write it without the '.'");
    }
    out_->kind = star_inside ? PatternKind::kGlob
                 : self      ? PatternKind::kSelfOrBelow
                 : below     ? PatternKind::kBelow
                             : PatternKind::kExact;
    std::string_view host = star_inside ? rest_ : rest_.substr(self ? 1 : below ? 2 : 0);
    std::string ascii;
    if (!IsAscii(host)) {
      const std::string what = "the pattern " + Quote(text_) + " has no xn-- form";
      if (auto complaint = ToAsciiName(host, what, &ascii)) {
        return complaint;
      }
      host = ascii;
    }
    if (!(star_inside ? IsHostGlob(host) : IsHostName(host))) {
      return Complain("is neither a host name nor an address");
    }
    out_->host = CanonicalName(host);
    return std::nullopt;
  }

  std::string_view text_;
  std::string_view rest_;
  std::string unbracketed_;  // what `rest_` views where there were brackets
  ParsedPattern* out_;
};

}  // namespace

std::optional<Complaint> ParsePattern(std::string_view text, ParsedPattern* out) {
  *out = {};
  return Parser(text, out).Parse();
}

}  // namespace config
