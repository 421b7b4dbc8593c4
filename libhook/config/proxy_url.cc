#include "config/proxy_url.h"

#include "base/ascii.h"
#include "base/endpoint.h"
#include "config/host_name.h"
#include "config/international_name.h"
#include "config/nearest_word.h"
#include "config/redact.h"

namespace config {
namespace {

struct SchemeRow {
  std::string_view word;
  ProxyType type;
  uint16_t port;
};

constexpr SchemeRow kSchemes[] = {
    {"socks5", ProxyType::kSocks5, 1080}, {"socks5h", ProxyType::kSocks5, 1080},
    {"socks4", ProxyType::kSocks4, 1080}, {"socks4a", ProxyType::kSocks4a, 1080},
    {"http", ProxyType::kHttp, 8080},     {"https", ProxyType::kHttps, 443},
    {"ssh", ProxyType::kSsh, 22},
};
constexpr std::string_view kSchemeWords[] = {"socks4", "socks4a", "socks5", "socks5h",
                                             "http",   "https",   "ssh"};

using base::HexDigit;

bool IsHttp(ProxyType type) { return type == ProxyType::kHttp || type == ProxyType::kHttps; }

bool PercentDecode(std::string_view text, std::string* out) {
  out->clear();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      *out += text[i];
      continue;
    }
    if (i + 2 >= text.size() || HexDigit(text[i + 1]) < 0 || HexDigit(text[i + 2]) < 0) {
      return false;
    }
    *out += static_cast<char>(HexDigit(text[i + 1]) * 16 + HexDigit(text[i + 2]));
    i += 2;
  }
  return true;
}

bool HasControlByte(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < ' ' || byte == 0x7f) {
      return true;
    }
  }
  return false;
}

// One URL on its way into a ProxyUrl: each step takes its piece and complains or not.
class Parser {
 public:
  Parser(std::string_view text, ProxyUrl* out) : text_(text), rest_(text), out_(out) {}

  std::optional<Complaint> Parse() {
    if (text_.empty()) {
      return Complaint{"the proxy URL is empty", {}};
    }
    if (HasControlByte(text_) || text_.find(' ') != std::string_view::npos) {
      return Complain("has a blank or a control byte in it");
    }
    if (auto complaint = TakeScheme()) {
      return complaint;
    }
    const size_t end = rest_.find_first_of("/?#");
    const std::string_view tail = rest_.substr(end == std::string_view::npos ? rest_.size() : end);
    std::string_view authority = rest_.substr(0, end);
    if (tail.find('@') != std::string_view::npos) {
      return Complain("has '/', '?' or '#' before its '@'; in a password write %2F, %3F or %23");
    }
    if (!tail.empty() && tail != "/") {
      return Complain("has a path, query or fragment; a proxy has none");
    }
    const size_t at = authority.rfind('@');
    if (at != std::string_view::npos) {
      if (auto complaint = TakeCredentials(authority.substr(0, at))) {
        return complaint;
      }
      authority.remove_prefix(at + 1);
    }
    return TakeHostAndPort(authority);
  }

 private:
  std::optional<Complaint> Complain(std::string_view what) const {
    return Complaint{"the proxy URL '" + RedactUrl(text_) + "' " + std::string(what), {}};
  }
  // For what may be a password that stands in the wrong place.
  static std::optional<Complaint> ComplainWithoutText(std::string_view what) {
    return Complaint{"the proxy URL " + std::string(what), {}};
  }

  std::optional<Complaint> TakeScheme() {
    const size_t end = text_.find("://");
    if (end == std::string_view::npos) {
      out_->type = ProxyType::kHttp;
      bare_ = true;
      return std::nullopt;
    }
    const std::string word = LowerCase(text_.substr(0, end));
    rest_ = text_.substr(end + 3);
    for (const SchemeRow& scheme : kSchemes) {
      if (scheme.word != word) {
        continue;
      }
      out_->type = scheme.type;
      out_->port = scheme.port;
      return std::nullopt;
    }
    return Complaint{"unknown proxy type " + Quote(word), NearestWord(word, kSchemeWords)};
  }

  std::optional<Complaint> TakeCredentials(std::string_view text) {
    const size_t colon = text.find(':');
    const std::string_view password =
        colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
    if (!PercentDecode(text.substr(0, colon), &out_->user) ||
        !PercentDecode(password, &out_->password)) {
      return Complain("has a '%' without two hexadecimal digits; for the sign itself write %25");
    }
    if (HasControlByte(out_->user) || HasControlByte(out_->password)) {
      return Complain("has a control byte in its credentials");
    }
    if (out_->type == ProxyType::kSsh && !password.empty()) {
      return Complain("has a password; ssh logs in by keys and its agent");
    }
    if (TakesOnlyV4(out_->type) && !password.empty()) {
      return Complain("has a password, which SOCKS4 can't send");
    }
    if (TakesOnlyV4(out_->type) && out_->user.size() > kMaxSocksCredential) {
      return Complain("has a user of more than 255 bytes, which SOCKS4 servers don't take");
    }
    if (out_->type == ProxyType::kSocks5 &&
        (out_->user.size() > kMaxSocksCredential || out_->password.size() > kMaxSocksCredential)) {
      return Complain("has a user or password of more than 255 bytes, which SOCKS5 can't send");
    }
    if (out_->user.size() + out_->password.size() > kMaxHttpCredentials) {
      return Complain("has a user and password of more than 1000 bytes together");
    }
    if (out_->user.empty()) {
      return Complain("has no user before its '@'");
    }
    // RFC 7617 §2: the first ':' would end the user.
    if (IsHttp(out_->type) && out_->user.find(':') != std::string::npos) {
      return Complain("has a ':' in its user, which HTTP can't send");
    }
    return std::nullopt;
  }

  std::optional<Complaint> TakeHostAndPort(std::string_view text) {
    std::string_view host = text;
    std::optional<std::string_view> port;
    if (text.starts_with('[')) {
      const size_t end = text.find(']');
      if (end == std::string_view::npos) {
        return ComplainWithoutText("has no ']' behind its IPv6 address");
      }
      host = text.substr(1, end - 1);
      if (end + 1 < text.size() && text[end + 1] != ':') {
        return ComplainWithoutText("has text behind its ']' that is no port");
      }
      if (end + 1 < text.size()) {
        port = text.substr(end + 2);
      }
      if (host.find(':') == std::string_view::npos || !base::IpAddress::Parse(host)) {
        return ComplainWithoutText("has no IPv6 address between its brackets");
      }
    } else if (const size_t colon = text.find(':'); colon != std::string_view::npos) {
      if (base::IpAddress::Parse(text)) {
        return ComplainWithoutText("has an IPv6 address without brackets: write [ADDRESS]:PORT");
      }
      host = text.substr(0, colon);
      port = text.substr(colon + 1);
    }
    out_->default_port = !port;
    if (host.empty()) {
      return Complain("has no host");
    }
    if (bare_ && !port) {
      return Complain("has neither a type nor a port: write http://HOST or socks5://HOST");
    }
    // Not said with its text: "http://alice:secret" without a host has the password here.
    if (port && !ParsePort(*port, &out_->port)) {
      return ComplainWithoutText("has a bad port: a number from 1 to 65535 is needed");
    }
    std::string ascii;
    if (!IsAscii(host)) {
      const std::string what =
          "the proxy URL '" + RedactUrl(text_) + "' has a host that has no xn-- form";
      if (auto complaint = ToAsciiName(host, what, &ascii)) {
        return complaint;
      }
      host = ascii;
    }
    if (!base::IpAddress::Parse(host) && !IsHostName(host)) {
      return Complain("has a host that is neither a name nor an address");
    }
    out_->host = CanonicalName(host);
    return std::nullopt;
  }

  std::string_view text_;
  std::string_view rest_;
  ProxyUrl* out_;
  bool bare_ = false;
};

}  // namespace

std::string ProxyUrl::Name() const {
  const bool v6 = host.find(':') != std::string::npos;
  std::string name = std::string(Scheme(type)) + "://";
  name += v6 ? "[" + host + "]" : host;
  return name + ":" + std::to_string(port);
}

std::optional<Complaint> ParseProxyUrl(std::string_view text, ProxyUrl* out) {
  *out = {};
  return Parser(text, out).Parse();
}

}  // namespace config
