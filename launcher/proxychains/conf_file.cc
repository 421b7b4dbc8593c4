#include "proxychains/conf_file.h"

#include <fmt/format.h>

#include <bit>
#include <climits>
#include <optional>

#include "base/ascii.h"
#include "config/diagnostics.h"
#include "config/host_name.h"
#include "config/nearest_word.h"
#include "config/values.h"

namespace proxychains {
namespace {

constexpr std::string_view kBlanks = " \t\v\f\r";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kProxyList = "[ProxyList]";

// These stand alone on their line.
constexpr std::string_view kChains[] = {"strict_chain", "dynamic_chain", "random_chain",
                                        "round_robin_chain"};
constexpr std::string_view kKnown[] = {
    "strict_chain",
    "dynamic_chain",
    "random_chain",
    "round_robin_chain",
    "chain_len",
    "quiet_mode",
    "proxy_dns",
    "proxy_dns_old",
    "proxy_dns_daemon",
    "tcp_read_time_out",
    "tcp_connect_time_out",
    "remote_dns_subnet",
    "localnet",
    "dnat",
    kProxyList,
};

std::string_view Trim(std::string_view text) { return base::Trim(text, kBlanks); }

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> out;
  for (std::string_view word = config::NextWord(&text); !word.empty();
       word = config::NextWord(&text)) {
    out.push_back(word);
  }
  return out;
}

// A port that may be left out, or 0, for any.
bool ParseOptionalPort(std::string_view text, uint16_t* out) {
  uint32_t number = 0;
  if (!text.empty() && !config::ParseNumber(text, UINT16_MAX, &number)) {
    return false;
  }
  *out = static_cast<uint16_t>(number);
  return true;
}

// "255.255.0.0" → 16. None where a 0 stands before a 1: no prefix says that.
std::optional<unsigned> PrefixOfMask(const base::IpAddress& mask) {
  const uint32_t bits = mask.v4();
  const int ones = std::countl_one(bits);
  return ones + std::countr_zero(bits) >= 32 ? std::optional(static_cast<unsigned>(ones))
                                             : std::nullopt;
}

// "A.B.C.D", "A.B.C.D:PORT", "ADDRESS6", "[ADDRESS6]", "[ADDRESS6]:PORT".
bool ParseAddressAndPort(std::string_view text, base::IpAddress* address, uint16_t* port) {
  std::string_view host = text;
  std::string_view number;
  const size_t colon = text.rfind(':');
  const bool bare_v6 = !text.starts_with('[') && text.find(':') != colon;
  if (colon != std::string_view::npos && !bare_v6 && !text.ends_with(']')) {
    host = text.substr(0, colon);
    number = text.substr(colon + 1);
  }
  const auto parsed = base::IpAddress::Parse(host);
  *address = parsed.value_or(base::IpAddress());
  return parsed.has_value() && ParseOptionalPort(number, port);
}

class Reader {
 public:
  ConfFile Read(std::string_view text) {
    if (text.starts_with(kByteOrderMark)) {
      text.remove_prefix(kByteOrderMark.size());
    }
    while (!text.empty()) {
      const size_t end = text.find('\n');
      const std::string_view line = Trim(text.substr(0, end));
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      ++line_;
      if (line.empty() || line.starts_with('#')) {
        continue;
      }
      // The list is the last section: nothing ends it.
      if (in_list_) {
        TakeProxy(line);
      } else {
        TakeDirective(line);
      }
    }
    return std::move(out_);
  }

 private:
  void Note(std::string text) { out_.remarks.Note(line_, std::move(text)); }
  void Warn(std::string text) { out_.remarks.Warn(line_, std::move(text)); }

  void TakeDirective(std::string_view line) {
    const std::string_view word = line.substr(0, line.find_first_of(" \t="));
    const std::string_view rest = Trim(line.substr(word.size()));
    if (rest.empty() && TakeBare(word)) {
      return;
    }
    if (word == "chain_len") {
      TakeChainLength(rest);
    } else if (word == "tcp_read_time_out") {
      TakeMilliseconds(word, rest, &out_.read_ms);
    } else if (word == "tcp_connect_time_out") {
      TakeMilliseconds(word, rest, &out_.connect_ms);
    } else if (word == "remote_dns_subnet") {
      out_.remote_dns_subnet.line = line_;
      if (!config::ParseNumber(rest, 255, &out_.remote_dns_subnet.value)) {
        Warn(fmt::format("bad remote_dns_subnet {}: a number from 0 to 255 is needed",
                         config::Quote(rest)));
      }
    } else if (word == "proxy_dns_daemon") {
      out_.dns = {"proxy_dns_daemon", line_};
    } else if (word == "localnet") {
      TakeLocalnet(rest);
    } else if (word == "dnat") {
      TakeDnat(Words(rest));
    } else {
      TakeUnknown(word);
    }
  }

  // What stands behind the word isn't told: the line may be a proxy's, with its password.
  void TakeUnknown(std::string_view word) {
    const std::string nearest = config::NearestWord(word, kKnown);
    if (nearest == word) {
      Warn(fmt::format("'{}' stands alone on its line, or proxychains passes it over", word));
    } else {
      Warn(fmt::format("unknown directive {}{}", config::Quote(word),
                       nearest.empty() ? "" : fmt::format(" (did you mean '{}'?)", nearest)));
    }
  }

  bool TakeBare(std::string_view word) {
    for (const std::string_view chain : kChains) {
      if (word == chain) {
        out_.chain = {chain, line_};
        return true;
      }
    }
    if (word == "proxy_dns") {
      out_.dns = {"proxy_dns", line_};
    } else if (word == "proxy_dns_old") {
      out_.dns = {"proxy_dns_old", line_};
    } else if (word == "quiet_mode") {
      out_.quiet = {true, line_};
    } else if (word == kProxyList) {
      in_list_ = true;
    } else {
      return false;
    }
    return true;
  }

  void TakeChainLength(std::string_view rest) {
    uint32_t number = 0;
    if (!rest.starts_with('=') || !config::ParseNumber(Trim(rest.substr(1)), INT_MAX, &number)) {
      Warn(fmt::format("bad chain_len {}: '= NUMBER' is needed", config::Quote(rest)));
      return;
    }
    out_.chain_length = {number == 0 ? 1 : number, line_};
  }

  void TakeMilliseconds(std::string_view word, std::string_view rest, Setting<uint32_t>* out) {
    uint32_t number = 0;
    const std::vector<std::string_view> words = Words(rest);
    if (words.empty() || !config::ParseNumber(words[0], INT_MAX, &number) || number == 0) {
      Warn(fmt::format("bad {} {}: milliseconds above 0 are needed", word, config::Quote(rest)));
      return;
    }
    *out = {number, line_};
  }

  void TakeLocalnet(std::string_view rest) {
    Localnet net;
    net.line = line_;
    const size_t slash = rest.find('/');
    if (slash == std::string_view::npos ||
        !ParseAddressAndPort(rest.substr(0, slash), &net.address, &net.port)) {
      Warn(fmt::format("bad localnet {}: ADDRESS/MASK or ADDRESS:PORT/MASK is needed",
                       config::Quote(rest)));
      return;
    }
    const std::string_view mask = rest.substr(slash + 1);
    // Written as IPv6, held as IPv4.
    if (net.address.is_v4() && rest.find(':') != rest.rfind(':')) {
      Note(
          fmt::format("localnet {}: left out: proxychains takes IPv4-mapped addresses for IPv4, "
                      "so that it has no target",
                      rest));
      return;
    }
    if (net.address.is_v4() && mask.find('.') != std::string_view::npos) {
      const auto address = base::IpAddress::Parse(mask);
      const auto bits = address && address->is_v4() ? PrefixOfMask(*address) : std::nullopt;
      if (address && !bits) {
        Warn(fmt::format("localnet {}: left out: no network has a mask with a 0 before a 1", rest));
        return;
      }
      if (bits) {
        net.prefix_bits = *bits;
        out_.localnets.push_back(net);
        return;
      }
    }
    uint32_t bits = 0;
    if (!config::ParseNumber(mask, net.address.is_v4() ? 32 : 128, &bits)) {
      Warn(fmt::format("bad localnet {}: its mask is neither one nor a prefix length",
                       config::Quote(rest)));
      return;
    }
    net.prefix_bits = bits;
    out_.localnets.push_back(net);
  }

  void TakeDnat(const std::vector<std::string_view>& words) {
    Dnat dnat;
    dnat.line = line_;
    if (words.size() < 2 || !ParseAddressAndPort(words[0], &dnat.from, &dnat.from_port) ||
        !ParseAddressAndPort(words[1], &dnat.to, &dnat.to_port) || !dnat.from.is_v4() ||
        !dnat.to.is_v4()) {
      Warn("bad dnat: two IPv4 addresses, each with or without ':PORT', are needed");
      return;
    }
    out_.dnats.push_back(dnat);
  }

  // "TYPE HOST PORT [USER [PASSWORD]]" or "TYPE://[USER:PASSWORD@]HOST:PORT", without any
  // encoding. Nothing of a bad line is told: it may have a password.
  void TakeProxy(std::string_view line) {
    Proxy proxy;
    proxy.line = line_;
    const std::vector<std::string_view> words = Words(line);
    std::string_view port;
    if (words.size() >= 3) {
      proxy.type = words[0];
      proxy.host = words[1];
      port = words[2];
      if (words.size() > 3 && !words[3].starts_with('#')) {
        proxy.user = words[3];
        proxy.password = words.size() > 4 ? words[4] : std::string_view();
      }
    } else if (words.size() == 1) {
      port = TakeUrl(words[0], &proxy);
    }
    if (!config::ParsePort(port, &proxy.port)) {
      ++out_.bad_proxies;
      Warn("no proxy: TYPE HOST PORT [USER PASSWORD] is needed");
      return;
    }
    out_.proxies.push_back(std::move(proxy));
  }

  // Returns the port's text.
  static std::string_view TakeUrl(std::string_view url, Proxy* proxy) {
    const size_t scheme = url.find("://");
    if (scheme == std::string_view::npos) {
      return {};
    }
    proxy->type = url.substr(0, scheme);
    url.remove_prefix(scheme + 3);
    if (const size_t at = url.rfind('@'); at != std::string_view::npos) {
      const size_t colon = url.find(':');
      if (colon >= at) {
        return {};
      }
      proxy->user = url.substr(0, colon);
      proxy->password = url.substr(colon + 1, at - colon - 1);
      url.remove_prefix(at + 1);
    }
    const size_t colon = url.find(':');
    proxy->host = url.substr(0, colon);
    return colon == std::string_view::npos ? std::string_view() : url.substr(colon + 1);
  }

  ConfFile out_;
  uint32_t line_ = 0;
  bool in_list_ = false;
};

}  // namespace

ConfFile ParseConfFile(std::string_view text) { return Reader().Read(text); }

}  // namespace proxychains
