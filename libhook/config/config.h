// Config: the rules file and options, compiled into one flat read-only image.
//
// The launcher (or, with the library alone, the first process) builds the image with
// config::Builder; every process of the tree maps the same bytes and reads them through this view.
// Records are plain and refer to text by offset, so the image can lie at any address. Reading is
// async-signal-safe and allocates nothing. An image is checked whole when a view of it is made.
#ifndef GOCHAIN_CONFIG_CONFIG_H_
#define GOCHAIN_CONFIG_CONFIG_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/endpoint.h"
#include "base/result.h"
#include "config/list_view.h"

namespace config {

inline constexpr size_t kMaxHops = 16;

// A piece of the image's text.
struct Text {
  uint32_t offset = 0;
  uint32_t size = 0;
};

enum class RouteKind : uint16_t { kDirect, kReject, kProxy, kChain };

struct Route {
  RouteKind kind = RouteKind::kDirect;
  uint16_t index = 0;  // of the proxy or chain
  friend bool operator==(const Route&, const Route&) = default;
};

enum class ProxyType : uint8_t { kSocks5, kHttp, kSocks4, kSocks4a, kHttps, kSsh };

// "socks5": the scheme of its URLs.
std::string_view Scheme(ProxyType type);
constexpr bool TakesOnlyV4(ProxyType type) {
  return type == ProxyType::kSocks4 || type == ProxyType::kSocks4a;
}

// How a program authenticates to an HTTP proxy. kAny: as the proxy asks, the strongest first; that
// never is kNegotiate, which is for those who ask for it.
enum class Auth : uint8_t { kAny, kBasic, kDigest, kNtlm, kNegotiate };

// Whether a proxy is sent messages before it has answered those before them. kAuto: as others have
// learned of it.
enum class Pipeline : uint8_t { kAuto, kYes, kNo };

// Who looks a target's name up. kInherit, as [gochain] says, is for proxies and chains alone.
enum class Dns : uint8_t { kInherit, kRemote, kLocal };

// Where a record comes from. `file` is empty for what no file says.
struct Source {
  Text file;  // as the user named it
  uint32_t line = 0;
  Text line_text;  // trimmed, one line
};

inline constexpr uint8_t kMaxPool = 16;
inline constexpr uint8_t kDefaultPool = 2;

struct Proxy {
  Text name;  // "office"; the hop's URL without credentials for those of -p and the environment
  ProxyType type = ProxyType::kSocks5;
  bool default_port = false;  // the URL names none: for kSsh, ssh's own files may
  uint16_t port = 0;
  Text host;      // name or address, no brackets
  Text user;      // percent-decoded
  Text password;  // percent-decoded
  Dns dns = Dns::kInherit;
  bool is_first_hop = false;  // of some route: gochain itself connects to it
  Auth auth = Auth::kAny;
  Pipeline pipeline = Pipeline::kAuto;
  uint8_t pool = kDefaultPool;  // connections kept ready
  bool pool_at_once = false;    // before anybody dials; else from the second dial on
  bool insecure = false;        // kHttps: any certificate will do
  uint8_t unused[1] = {};
  Text workstation;  // of NTLM; empty: the host's name
  Text ca_file;      // kHttps: who is trusted; empty: whom the system trusts. A full path
  Text client_cert;  // kHttps: PEM, a full path; empty: none
  Text client_key;   // as client_cert; empty: the key is in client_cert
  Text ssh_config;   // kSsh: ssh's -F, a full path; empty: ssh's own files
  Source source;
};

// True for a hop that the library can't speak to in a program's process: a path with one is dialled
// by the relay, another process of gochain's.
constexpr bool NeedsRelay(const Proxy& proxy) {
  return proxy.type == ProxyType::kHttps || proxy.type == ProxyType::kSsh ||
         proxy.auth == Auth::kNegotiate;
}

enum class ChainMode : uint8_t {
  kStrict,      // all hops in their order
  kDynamic,     // the same without those that are dead
  kRandom,      // `length` of them, in any order
  kRoundRobin,  // `length` of them, beginning behind the last of the connect before
  kFailover,    // the first that is alive
  kFastest,     // the one that was connected to in the shortest time lately
};
inline constexpr std::string_view kModeWords[] = {"strict",      "dynamic",  "random",
                                                  "round_robin", "failover", "fastest"};
constexpr std::string_view ModeWord(ChainMode mode) {
  return kModeWords[static_cast<size_t>(mode)];
}
// The modes whose paths have `length` hops.
constexpr bool HasLength(ChainMode mode) {
  return mode == ChainMode::kRandom || mode == ChainMode::kRoundRobin;
}

struct Chain {
  Text name;
  ChainMode mode = ChainMode::kStrict;
  Dns dns = Dns::kInherit;
  uint16_t length = 1;  // kRandom, kRoundRobin; at most hop_count
  uint16_t hop_count = 0;
  uint16_t hops[kMaxHops] = {};  // indexes of proxies, first hop first
  uint16_t unused = 0;
  Source source;
};

enum class PatternKind : uint8_t {
  kAny,          // *
  kExact,        // host
  kSelfOrBelow,  // .host
  kBelow,        // *.host
  kGlob,         // a * elsewhere, within one label
  kAddress,      // prefix, /32 and /128 too
  kLoopback,     // @loopback
  kPrivate,      // @private
  kGoGlob,       // of @goprivate: Go's path.Match over the whole name
  kList,         // @file:
};

struct Pattern {
  Text host;                // lower case, without the leading '.' or '*.'; the glob as written
  base::IpAddress address;  // kAddress
  PatternKind kind = PatternKind::kAny;
  uint8_t prefix_bits = 0;  // kAddress
  bool exe_only = false;    // exe:NAME alone: all it dials, whatever the target
  uint16_t low_port = 0;    // 0..65535 where no port is named
  uint16_t high_port = 65535;
  uint16_t list = 0;  // kList: its index in lists()
  uint16_t unused = 0;
  Text exe;      // empty: any program
  Text written;  // the pattern as the user wrote it
  Route route;
  Source source;
};

// An entry of the index of patterns whose host is one name: exact, `.host`, `*.host`.
struct HashedPattern {
  uint32_t hash = 0;  // HostHash of the host
  uint32_t pattern = 0;
};

// A list of patterns in a file of its own.
struct List {
  Text path;       // as the user wrote it
  Text full_path;  // with the folder of the file that names it, and what `~` and `${VAR}` stand for
  Source source;   // of its first use
};

// A destination that is replaced before the rules are asked.
struct Rewrite {
  Text name;
  Pattern from;  // a name, glob, address, network or `:port`; its route and exe say nothing
  Text to_host;  // lower case, no final dot; empty: an address, or the host stays
  base::IpAddress to_address;
  bool to_is_address = false;
  uint16_t to_port = 0;  // 0: the port stays
  Source source;         // of its section
};

// One address of a name of [hosts].
struct HostAddress {
  Text name;  // lower case, no final dot
  Source source;
  base::IpAddress address;
  uint8_t unused[3] = {};
};

// Whether connections of event loops under the supervisor, whose sockets are non-blocking, are
// dialled while the loop goes on, and carried by the supervisor: kAuto, of programs with an epoll
// set.
enum class Connect : uint8_t { kAuto, kDirect, kRelay };

// What becomes of datagrams to targets whose route goes through proxies.
enum class Udp : uint8_t { kBlock, kDirect };

// What becomes of programs that bring rights of their own (setuid, setgid, file capabilities).
// kByDoor: as WithRights() says.
enum class Setuid : uint8_t { kByDoor, kRefuse, kWarn, kAllow };

enum class DefaultSource : uint8_t { kBuiltIn, kFile, kCommandLine, kEnvironment };

struct Globals {
  Route default_route;
  DefaultSource default_source = DefaultSource::kBuiltIn;
  Dns dns = Dns::kRemote;
  Connect connect = Connect::kAuto;
  Udp udp = Udp::kBlock;
  Setuid setuid = Setuid::kByDoor;
  uint8_t unused[3] = {};
  uint32_t connect_timeout_ms = 10000;  // per hop
  uint32_t chain_timeout_ms = 60000;    // of a whole dial with all it tries
  uint32_t retry_after_ms = 30000;      // a dead hop is left alone for so long, and then longer
  Source default_line;                  // where kFile
};

// The word that holds for a program with rights of its own: never kByDoor. `supervised`: it is
// started, and routed, but without those rights; else it would have them and go straight out.
constexpr Setuid WithRights(const Globals& globals, bool supervised) {
  const Setuid standard = supervised ? Setuid::kWarn : Setuid::kRefuse;
  return globals.setuid == Setuid::kByDoor ? standard : globals.setuid;
}

// True where some proxy of `image` NeedsRelay(). Looks at the proxies alone: an image of a million
// patterns isn't checked for it. REQUIRES: the image is one of this process's making.
bool ImageNeedsRelay(std::span<const uint8_t> image);

// A non-owning view of an image. REQUIRES: the image outlives the view.
class Config {
 public:
  // Checks sizes, offsets, indexes and enumerations, so that no later read leaves the image.
  static base::Result<Config> FromImage(std::span<const uint8_t> image);

  const Globals& globals() const { return *globals_; }
  std::span<const Proxy> proxies() const { return proxies_; }
  std::span<const Chain> chains() const { return chains_; }
  std::span<const Pattern> patterns() const { return patterns_; }
  // Those of them whose host has that hash, and those that have no such host, by their indexes in
  // rising order.
  std::span<const HashedPattern> PatternsOfHost(uint32_t hash) const;
  std::span<const uint32_t> other_patterns() const { return other_patterns_; }
  std::span<const List> lists() const { return lists_; }
  // The patterns of list number `index`; none where nobody has set the lists. They are not in the
  // image: SetLists() hands them over, in the order of lists(), and they outlive the view.
  const ListView& list_view(size_t index) const {
    return index < list_views_.size() ? list_views_[index] : kNoList;
  }
  void SetLists(std::span<const ListView> views) { list_views_ = views; }
  // In the file's order: the first whose `from` matches is taken.
  std::span<const Rewrite> rewrites() const { return rewrites_; }
  // Sorted by name; the addresses of one name stand in the file's order.
  std::span<const HostAddress> hosts() const { return hosts_; }
  // Those of `name`, which is in lower case and without a final dot.
  std::span<const HostAddress> HostAddresses(std::string_view name) const;
  std::string_view text(Text text) const { return text_.substr(text.offset, text.size); }

  // "direct", "reject", or the proxy's or chain's name.
  std::string_view RouteName(Route route) const;
  // The hops of a route as proxies, first hop first; none for direct and reject.
  size_t HopCount(Route route) const;
  const Proxy& HopAt(Route route, size_t index) const;   // REQUIRES: index < HopCount(route)
  uint16_t HopIndexAt(Route route, size_t index) const;  // its index in proxies()
  // True where some rule or the default goes other than direct.
  bool HasProxies() const { return !proxies_.empty(); }
  // True where some pattern is for one program alone.
  bool HasProgramPatterns() const { return has_program_patterns_; }
  // kRemote or kLocal: the route's own word, else that of [gochain]. `direct` is kLocal; `reject`
  // looks nothing up and is kRemote.
  Dns DnsOf(Route route) const;  // SOCKS4 takes no names: always local

 private:
  static constexpr ListView kNoList{};

  const Globals* globals_ = nullptr;
  std::span<const Proxy> proxies_;
  std::span<const Chain> chains_;
  std::span<const Pattern> patterns_;
  std::span<const HashedPattern> hashed_patterns_;  // by hash, then by index
  std::span<const uint32_t> other_patterns_;
  std::span<const List> lists_;
  std::span<const ListView> list_views_;
  std::span<const Rewrite> rewrites_;
  std::span<const HostAddress> hosts_;
  std::string_view text_;
  bool has_program_patterns_ = false;
};

}  // namespace config

#endif  // GOCHAIN_CONFIG_CONFIG_H_
