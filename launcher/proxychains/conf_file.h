// ConfFile: what a proxychains.conf says, read as proxychains-ng reads it.
//
// Launcher only. Pure: knows nothing of what the directives become here.
#ifndef GOCHAIN_LAUNCHER_PROXYCHAINS_CONF_FILE_H_
#define GOCHAIN_LAUNCHER_PROXYCHAINS_CONF_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/endpoint.h"
#include "proxychains/remarks.h"

namespace proxychains {

// A directive that may be given once, with proxychains' own default; of several the last one holds.
template <typename T>
struct Setting {
  T value{};
  uint32_t line = 0;  // 0: not given
};

struct Proxy {
  uint32_t line = 0;
  std::string type;
  std::string host;
  uint16_t port = 0;
  std::string user;
  std::string password;
};

// Targets that get no proxy.
struct Localnet {
  uint32_t line = 0;
  base::IpAddress address;  // may have bits set behind the prefix
  unsigned prefix_bits = 0;
  uint16_t port = 0;  // 0: any
};

// A destination that is replaced before localnet is asked.
struct Dnat {
  uint32_t line = 0;
  base::IpAddress from;
  uint16_t from_port = 0;  // 0: any
  base::IpAddress to;
  uint16_t to_port = 0;  // 0: as it was
};

struct ConfFile {
  Setting<std::string_view> chain{"dynamic_chain"};  // the directive
  Setting<uint32_t> chain_length{1};
  Setting<std::string_view> dns;  // the directive; empty: names are looked up locally
  Setting<uint32_t> connect_ms{10000};
  Setting<uint32_t> read_ms{4000};
  Setting<uint32_t> remote_dns_subnet{224};
  Setting<bool> quiet;
  std::vector<Localnet> localnets;
  std::vector<Dnat> dnats;
  std::vector<Proxy> proxies;
  size_t bad_proxies = 0;  // lines of [ProxyList] that are none
  Remarks remarks;         // on lines without a meaning
};

ConfFile ParseConfFile(std::string_view text);

}  // namespace proxychains

#endif  // GOCHAIN_LAUNCHER_PROXYCHAINS_CONF_FILE_H_
