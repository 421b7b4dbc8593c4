// An imported file sends each target where proxychains would: proxychains is a model of its own
// here, made from what it does at a connect() and sharing no code with the import.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "../config/rules_text.h"
#include "proxychains/import.h"
#include "rules/rewrite.h"
#include "rules/rules.h"

namespace proxychains {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes AddressBytes(const std::string& text) {
  Bytes out(text.find(':') == std::string::npos ? 4 : 16);
  if (inet_pton(out.size() == 4 ? AF_INET : AF_INET6, text.c_str(), out.data()) != 1) {
    return {};
  }
  const Bytes mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (out.size() == 16 && Bytes(out.begin(), out.begin() + 12) == mapped) {
    return Bytes(out.begin() + 12, out.end());
  }
  return out;
}

class Model {
 public:
  struct Localnet {
    std::string address;
    int prefix;
    int port;
  };
  struct Dnat {
    std::string from, to;
    int from_port, to_port;
  };

  bool remote_dns = true;
  std::vector<Localnet> localnets;
  std::vector<Dnat> dnats;

  // The conf that says this, each localnet in one of its forms.
  std::string Text() const {
    std::string out = remote_dns ? "strict_chain\nproxy_dns\n" : "strict_chain\n";
    for (size_t i = 0; i < localnets.size(); ++i) {
      const Localnet& net = localnets[i];
      const bool v6 = net.address.find(':') != std::string::npos;
      const std::string port = net.port > 0 ? ":" + std::to_string(net.port) : "";
      out += "localnet " + (v6 && net.port > 0 ? "[" + net.address + "]" : net.address) + port;
      out += "/" + (v6 || i % 2 == 0 ? std::to_string(net.prefix) : MaskText(net.prefix)) + "\n";
    }
    for (const Dnat& dnat : dnats) {
      out += "dnat " + With(dnat.from, dnat.from_port) + "  " + With(dnat.to, dnat.to_port) + "\n";
    }
    return out + "[ProxyList]\nsocks5 203.0.113.9 1080\n";
  }

  // "direct 10.0.0.1:80" or "proxychains host:443".
  std::string Decide(std::string host, int port) const {
    Bytes address = AddressBytes(host);
    if (address.empty()) {
      return "proxychains " + With(host, port);
    }
    if (const Dnat* const dnat = Find(address, port)) {
      address = AddressBytes(dnat->to);
      port = dnat->to_port > 0 ? dnat->to_port : port;
    }
    char text[INET6_ADDRSTRLEN];
    inet_ntop(address.size() == 4 ? AF_INET : AF_INET6, address.data(), text, sizeof text);
    host = address.size() == 4 ? text : "[" + std::string(text) + "]";
    // It would dial the original where that is direct, which the import warns of.
    for (const Localnet& net : localnets) {
      if ((net.port == 0 || net.port == port) && IsIn(address, net)) {
        return "direct " + With(host, port);
      }
    }
    return "proxychains " + With(host, port);
  }

 private:
  static std::string With(const std::string& host, int port) {
    return port > 0 ? host + ":" + std::to_string(port) : host;
  }
  static std::string MaskText(int prefix) {
    const uint64_t bits = 0xffffffffull << (32 - prefix);
    char text[16];
    snprintf(text, sizeof text, "%d.%d.%d.%d", static_cast<int>(bits >> 24 & 255),
             static_cast<int>(bits >> 16 & 255), static_cast<int>(bits >> 8 & 255),
             static_cast<int>(bits & 255));
    return text;
  }
  const Dnat* Find(const Bytes& address, int port) const {
    for (const Dnat& dnat : dnats) {
      if (AddressBytes(dnat.from) == address && dnat.from_port == port) {
        return &dnat;
      }
    }
    for (const Dnat& dnat : dnats) {
      if (AddressBytes(dnat.from) == address && dnat.from_port == 0) {
        return &dnat;
      }
    }
    return nullptr;
  }
  static bool IsIn(const Bytes& address, const Localnet& net) {
    const Bytes network = AddressBytes(net.address);
    if (network.size() != address.size()) {
      return false;
    }
    for (int bit = 0; bit < net.prefix; ++bit) {
      const auto byte = static_cast<size_t>(bit / 8);
      if (((address[byte] ^ network[byte]) >> (7 - bit % 8) & 1) != 0) {
        return false;
      }
    }
    return true;
  }
};

// The same words, from the imported file.
std::string DecideImported(const config::Config& config, const std::string& host, int port) {
  const auto number = static_cast<uint16_t>(port);
  const auto literal = base::IpAddress::Parse(host);
  base::Endpoint target =
      literal ? base::Endpoint(*literal, number) : *base::Endpoint::FromName(host, number);
  target = rules::Rewritten(config, target).value_or(target);
  rules::Query query;
  query.port = target.port();
  if (target.is_name()) {
    query.name = target.name();
  } else {
    query.address = &target.address();
  }
  std::array<char, base::kMaxEndpointText> text;
  return std::string(config.RouteName(rules::Decide(config, query).route)) + " " +
         std::string(target.Text(text));
}

constexpr const char* kAddresses[] = {
    "127.0.0.1", "127.0.0.2",    "127.255.255.255", "10.0.0.1",       "10.0.0.2", "10.0.1.1",
    "10.1.0.1",  "11.0.0.1",     "126.255.255.255", "128.0.0.1",      "::1",      "::2",
    "fd00::1",   "fd00:0:0:1::", "2001:db8::1",     "::ffff:10.0.0.1"};
constexpr int kPorts[] = {22, 80, 443, 65535};

void ExpectAlike(const Model& model) {
  const std::string conf = model.Text();
  const Imported imported = Import("pc.conf", conf);
  const config::BuiltText built(imported.rules);
  ASSERT_EQ(built.Complaints(), "") << conf << imported.rules;
  std::vector<std::string> hosts(std::begin(kAddresses), std::end(kAddresses));
  hosts.insert(hosts.end(), {"example.org", "a.internal.example"});
  for (const std::string& host : hosts) {
    for (const int port : kPorts) {
      EXPECT_EQ(DecideImported(built.config(), host, port), model.Decide(host, port))
          << host << ":" << port << "\n--- conf\n"
          << conf << "--- rules\n"
          << imported.rules;
    }
  }
}

TEST(ImportRoutesTest, SendsAllToTheProxiesWithoutLocalnets) { ExpectAlike({}); }

TEST(ImportRoutesTest, KeepsEveryFormOfLocalnet) {
  Model model;
  model.localnets = {{"127.0.0.0", 8, 0}, {"10.0.0.0", 16, 80}, {"::1", 128, 0},
                     {"fd00::", 64, 443}, {"11.0.0.1", 32, 0},  {"10.0.0.77", 24, 0}};
  ExpectAlike(model);
}

TEST(ImportRoutesTest, KeepsLocalnetsOfEverything) {
  Model model;
  model.localnets = {{"0.0.0.0", 0, 80}, {"::", 0, 443}};
  ExpectAlike(model);
}

TEST(ImportRoutesTest, KeepsDnatsAndTheirOrder) {
  Model model;
  model.localnets = {{"11.0.0.0", 8, 443}};
  model.dnats = {{"10.0.0.1", "11.0.0.1", 0, 443},
                 {"10.0.0.1", "10.1.0.1", 0, 0},
                 {"10.0.0.1", "128.0.0.1", 80, 0},
                 {"10.0.0.2", "127.0.0.1", 22, 2222},
                 {"10.0.1.1", "10.0.1.1", 0, 443}};
  ExpectAlike(model);
}

// Few addresses and prefixes, so that they meet.
TEST(ImportRoutesTest, AgreesOnRandomFiles) {
  std::mt19937 random(7);
  const auto one_of = [&](const auto& list) { return list[random() % std::size(list)]; };
  constexpr int kPrefixes4[] = {0, 1, 7, 8, 9, 16, 24, 31, 32};
  constexpr int kPrefixes6[] = {0, 1, 64, 65, 127, 128};
  constexpr int kSomePorts[] = {0, 0, 22, 80, 443};
  for (int round = 0; round < 500; ++round) {
    Model model;
    for (size_t i = random() % 6; i > 0; --i) {
      const std::string address = one_of(kAddresses);
      const bool v6 = address.find(':') != std::string::npos;
      const int prefix = v6 ? one_of(kPrefixes6) : one_of(kPrefixes4);
      if (address.find('.') == std::string::npos || !v6) {
        model.localnets.push_back({address, prefix, one_of(kSomePorts)});
      }
    }
    constexpr const char* kFrom[] = {"10.0.0.1", "10.0.0.2"};
    constexpr const char* kTo[] = {"10.0.1.1", "127.0.0.1", "11.0.0.1"};
    for (size_t i = random() % 3; i > 0; --i) {
      model.dnats.push_back({one_of(kFrom), one_of(kTo), one_of(kSomePorts), one_of(kSomePorts)});
    }
    ExpectAlike(model);
    if (HasFailure()) {
      return;
    }
  }
}

}  // namespace
}  // namespace proxychains
