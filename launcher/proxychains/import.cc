#include "proxychains/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/diagnostics.h"
#include "config/pattern_parser.h"
#include "proxychains/chain.h"
#include "proxychains/conf_file.h"
#include "proxychains/remarks.h"

namespace proxychains {
namespace {

constexpr uint32_t kLongestTimeoutMs = 3600 * 1000;

// How a way of looking names up comes out.
struct DnsRow {
  std::string_view directive;  // empty: none of them is given
  std::string_view dns;
  std::string_view remark;
};
constexpr DnsRow kDns[] = {
    {"", "local", ""},
    {"proxy_dns", "remote", ""},
    {"proxy_dns_old", "remote",
     "the last proxy looks names up, without proxyresolv; so localnet and dnat don't see their "
     "addresses"},
    {"proxy_dns_daemon", "remote", "the last proxy looks names up, and no daemon is needed"},
};

std::string AddressText(const base::IpAddress& address, bool brackets) {
  std::array<char, base::kMaxEndpointText> buffer;
  return std::string(base::Endpoint(address, 0).HostText(buffer, brackets));
}

std::string PortText(uint16_t port) { return port == 0 ? "" : fmt::format(":{}", port); }

std::string DestinationText(const base::IpAddress& address, uint16_t port) {
  return AddressText(address, port != 0) + PortText(port);
}

// Bits behind the prefix are taken off: proxychains doesn't look at them.
std::string PatternText(const Localnet& net) {
  if (net.prefix_bits == net.address.bytes().size() * 8) {
    return DestinationText(net.address, net.port);
  }
  std::string network = fmt::format("{}/{}", AddressText(net.address, false), net.prefix_bits);
  config::ParsedPattern parsed;
  if (const auto complaint = config::ParsePattern(network, &parsed)) {
    network = complaint->hint;
  }
  return network + PortText(net.port);
}

std::string SettingsSection(const ConfFile& conf, std::string_view route, std::string_view timeout,
                            Remarks* remarks) {
  const DnsRow& dns = *std::find_if(std::begin(kDns), std::end(kDns), [&](const DnsRow& row) {
    return row.directive == conf.dns.value;
  });
  if (!dns.remark.empty()) {
    remarks->Note(conf.dns.line, fmt::format("{}: {}", dns.directive, dns.remark));
  }
  if (conf.remote_dns_subnet.line > 0) {
    remarks->Note(conf.remote_dns_subnet.line,
                  "remote_dns_subnet: made-up addresses are always of 198.19.0.0/16");
  }
  if (conf.quiet.line > 0) {
    remarks->Note(conf.quiet.line,
                  "quiet_mode: only connections that fail are told of; -q silences these too");
  }
  return fmt::format("[gochain]\ndefault = {}\ndns = {}\nconnect_timeout = {}\n\n", route, dns.dns,
                     timeout);
}

// proxychains has one time for the connect to the first proxy, and one for each piece of an answer.
std::string TimeoutText(const ConfFile& conf, Remarks* remarks) {
  const bool connect_wins = conf.connect_ms.value >= conf.read_ms.value;
  const Setting<uint32_t>& longer = connect_wins ? conf.connect_ms : conf.read_ms;
  const Setting<uint32_t>& shorter = connect_wins ? conf.read_ms : conf.connect_ms;
  std::string text = fmt::format("{}", std::min(longer.value, kLongestTimeoutMs) / 1000.0);
  if (shorter.line > 0 && shorter.value < longer.value) {
    remarks->Note(shorter.line,
                  fmt::format("{}: a hop has one limit for its connect and its answer together; "
                              "the longer one, {} s, is taken",
                              connect_wins ? "tcp_read_time_out" : "tcp_connect_time_out", text));
  }
  if (longer.value > kLongestTimeoutMs) {
    remarks->Note(longer.line, fmt::format("connect_timeout is at most {} s", text));
  }
  return text;
}

// Is all of the own host's IPv4, or IPv6, without a proxy?
bool LeavesLoopbackDirect(const ConfFile& conf, const base::IpAddress& loopback, unsigned bits) {
  return std::any_of(conf.localnets.begin(), conf.localnets.end(), [&](const Localnet& net) {
    return net.port == 0 && net.prefix_bits <= bits &&
           loopback.InPrefix(net.address, net.prefix_bits);
  });
}

// gochain keeps loopback direct, proxychains sends it to the proxies as well: for what no localnet
// names there has to be a rule. Before it a network wider than loopback isn't meant for loopback
// (rules.h), and localhost is a name.
std::string RulesSection(const ConfFile& conf, std::string_view route) {
  const base::IpAddress v4 = base::IpAddress::V4(0x7f000001);
  const base::IpAddress v6 = *base::IpAddress::Parse("::1");
  const bool direct4 = LeavesLoopbackDirect(conf, v4, 8);
  const bool direct6 = LeavesLoopbackDirect(conf, v6, 128);
  std::vector<std::string> patterns;
  for (const Localnet& net : conf.localnets) {
    patterns.push_back(PatternText(net));
    if (!direct4 && v4.InPrefix(net.address, net.prefix_bits)) {
      if (net.prefix_bits < 8) {
        patterns.push_back("127.0.0.0/8" + PortText(net.port));
      }
      patterns.push_back(".localhost" + PortText(net.port));
    }
    if (!direct6 && net.prefix_bits < 128 && v6.InPrefix(net.address, net.prefix_bits)) {
      patterns.push_back(DestinationText(v6, net.port));
    }
  }
  std::string out = "[rules]\n";
  for (size_t i = 0; i < patterns.size(); ++i) {
    out += fmt::format("{}{}\n", i == 0 ? "direct = " : "  ", patterns[i]);
  }
  if (!direct4 || !direct6) {
    out += "# To proxychains loopback is a target like others. Without this rule it is direct.\n";
    out += fmt::format("{} = {}\n", route,
                       direct4   ? "::1"
                       : direct6 ? "127.0.0.0/8 .localhost"
                                 : "@loopback");
  }
  return out;
}

const Dnat* FirstDnatFrom(const ConfFile& conf, const Dnat& dnat) {
  return &*std::find_if(conf.dnats.begin(), conf.dnats.end(), [&](const Dnat& other) {
    return other.from == dnat.from && other.from_port == dnat.from_port;
  });
}

// The dnat that would change the result of `dnat` again: proxychains asks once, gochain until none
// takes it.
const Dnat* NextDnat(const ConfFile& conf, const Dnat& dnat) {
  const uint16_t port = dnat.to_port != 0 ? dnat.to_port : dnat.from_port;
  for (const Dnat& next : conf.dnats) {
    const bool takes =
        next.from == dnat.to && (next.from_port == 0 || port == 0 || next.from_port == port);
    const bool changes = !(next.to == dnat.to) || (next.to_port != 0 && next.to_port != port);
    if (takes && changes) {
      return &next;
    }
  }
  return nullptr;
}

// The localnet that takes the result of `dnat`, for some port at least.
const Localnet* LocalnetOf(const ConfFile& conf, const Dnat& dnat) {
  const uint16_t port = dnat.to_port != 0 ? dnat.to_port : dnat.from_port;
  for (const Localnet& net : conf.localnets) {
    if (dnat.to.InPrefix(net.address, net.prefix_bits) &&
        (net.port == 0 || port == 0 || net.port == port)) {
      return &net;
    }
  }
  return nullptr;
}

std::string RewriteSections(const ConfFile& conf, Remarks* remarks) {
  std::string out;
  size_t count = 0;
  // To proxychains those with a port come first.
  for (const bool with_port : {true, false}) {
    for (const Dnat& dnat : conf.dnats) {
      if ((dnat.from_port != 0) != with_port) {
        continue;
      }
      const std::string from = DestinationText(dnat.from, dnat.from_port);
      if (const Dnat* const first = FirstDnatFrom(conf, dnat); first != &dnat) {
        remarks->Note(dnat.line,
                      fmt::format("dnat {}: left out: line {} takes it first", from, first->line));
        continue;
      }
      if (const Dnat* const next = NextDnat(conf, dnat)) {
        remarks->Warn(dnat.line,
                      fmt::format("dnat {}: left out: a result is asked again here, and line {} "
                                  "would change it once more",
                                  from, next->line));
        continue;
      }
      if (const Localnet* const net = LocalnetOf(conf, dnat)) {
        remarks->Warn(dnat.line,
                      fmt::format("dnat {}: the localnet of line {} takes the result, so that "
                                  "proxychains goes straight to the original; gochain goes to the "
                                  "result",
                                  from, net->line));
      }
      out += fmt::format("\n[rewrite dnat{}]\nfrom = {}\nto = {}\n", ++count, from,
                         DestinationText(dnat.to, dnat.to_port));
    }
  }
  if (count > 0 && conf.dns.value.empty()) {
    remarks->Note(conf.dnats.front().line,
                  "dnat: a program's own addresses are rewritten, not those that names turn out to "
                  "have");
  }
  return out;
}

// With proxy_dns proxychains still looks into /etc/hosts.
void RemarkOnHosts(const ConfFile& conf, Remarks* remarks) {
  const bool other = std::any_of(conf.localnets.begin(), conf.localnets.end(),
                                 [](const Localnet& net) { return !net.address.IsLoopback(); });
  if (other && !conf.dns.value.empty()) {
    remarks->Note(0,
                  "names of /etc/hosts go to the proxies as names, and localnet doesn't see their "
                  "addresses: repeat them in [hosts]");
  }
}

std::string Head(std::string_view file, const Remarks& remarks, bool has_password) {
  std::string out = Comment(fmt::format("From {}, by gochain --import.", file));
  if (has_password) {
    out += "# It has passwords in it: keep others from reading it (chmod 600).\n";
  }
  if (!remarks.empty()) {
    out += "#\n# What is other than there:\n" + remarks.Comments(file);
  }
  return out;
}

}  // namespace

Imported Import(std::string_view file, std::string_view text) {
  const ConfFile conf = ParseConfFile(text);
  Remarks remarks = conf.remarks;
  std::string name = config::Quote(file);
  name = name.substr(1, name.size() - 2);
  Imported out;
  if (!conf.proxies.empty() || conf.bad_proxies > 0) {
    const Chain chain = TranslateChain(conf, &remarks);
    const std::string timeout = TimeoutText(conf, &remarks);
    RemarkOnHosts(conf, &remarks);
    const std::string body = SettingsSection(conf, chain.route, timeout, &remarks) +
                             chain.sections + RulesSection(conf, chain.route) +
                             RewriteSections(conf, &remarks);
    out.rules = Head(name, remarks, chain.has_password) + "\n" + body;
  }
  out.warnings = remarks.Warnings(name);
  return out;
}

}  // namespace proxychains
