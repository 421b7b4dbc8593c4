#include "config/schema.h"

namespace config {
namespace {

constexpr SectionRow kSections[] = {
    {SectionKind::kGlobal, "gochain", false, "Settings of the whole run."},
    {SectionKind::kProxy, "proxy", true, "One proxy, which rules and chains call by its name."},
    {SectionKind::kChain, "chain", true, "Several proxies, one behind the other."},
    {SectionKind::kRules, "rules", false,
     "Which targets take which route. The first pattern that matches decides, from top to bottom."},
    {SectionKind::kRewrite, "rewrite", true,
     "A destination that is replaced before the rules are asked. The first `from` that matches is "
     "taken, from top to bottom; the result is asked again, each `[rewrite]` at most once. "
     "Rewrites "
     "that lead in a circle are an error."},
    {SectionKind::kHosts, "hosts", false,
     "Names that are answered here and looked up nowhere, like those of `/etc/hosts`. Address "
     "rules "
     "see their addresses, and so do proxies."},
    {SectionKind::kEnv, "env", false,
     "Variables of COMMAND's environment. With the library alone this section does nothing."},
};

constexpr KeyRow kKeys[] = {
    {SectionKind::kGlobal, Key::kDefault, KeyForm::kWord, "default", false, "a route", "`direct`",
     "The route of every target that no rule names."},
    {SectionKind::kGlobal, Key::kConnectTimeout, KeyForm::kWord, "connect_timeout", false,
     "seconds, above 0 and at most 3600", "`10`",
     "How long each hop may take: to be connected to, with the look-up of its name where it is the "
     "first, and to answer its handshake. Past it the program sees ETIMEDOUT."},
    {SectionKind::kGlobal, Key::kDns, KeyForm::kWord, "dns", false, "`remote` or `local`",
     "`remote`",
     "Who looks up the names of targets that go through proxies: the last proxy, or this machine. "
     "With `local` the proxy gets an address."},
    {SectionKind::kGlobal, Key::kChainTimeout, KeyForm::kWord, "chain_timeout", false,
     "seconds, above 0 and at most 3600; no less than `connect_timeout`",
     "`60`, or `connect_timeout` where that is longer",
     "How long a connection through proxies may take with all hops and all paths that it tries. "
     "Past "
     "it the program sees ETIMEDOUT."},
    {SectionKind::kGlobal, Key::kRetryAfter, KeyForm::kWord, "retry_after", false,
     "seconds, above 0 and at most 3600", "`30`",
     "How long a dead hop is left out of chains whose `mode` allows it, before one connection "
     "tries "
     "it again. After each further failure twice as long, up to sixteen times."},
    {SectionKind::kGlobal, Key::kConnect, KeyForm::kWord, "connect", false,
     "`auto`, `direct` or `relay`", "`auto`",
     "How a non-blocking connect is dialled of a program that the library isn't in. `direct`: on "
     "the program's own socket, inside its call, so that it gets true errors and an event loop "
     "waits for the proxies. `relay`: the program goes on at once, and gochain carries the "
     "connection. `auto`: `relay` for programs that have an epoll set. Go programs and blocking "
     "sockets are always `direct`."},
    {SectionKind::kGlobal, Key::kUdp, KeyForm::kWord, "udp", false, "`block` or `direct`",
     "`block`",
     "What becomes of datagrams whose target's route goes through proxies, which carry none: UDP, "
     "ping, raw sockets, SCTP. `block`: the program gets EACCES, and a connect that sends nothing "
     "ENETUNREACH. `direct`: they go straight out. Targets whose route is `direct` or `reject` "
     "aren't concerned, and neither is DNS."},
    {SectionKind::kGlobal, Key::kSetuid, KeyForm::kWord, "setuid", false,
     "`refuse`, `warn` or `allow`",
     "`refuse` where it would go straight out, `warn` where it would be without its rights",
     "What becomes of a program that brings rights of its own: setuid, setgid, file capabilities. "
     "The library can't get into it, and under the supervisor of an ordinary user it runs without "
     "those rights. `refuse`: it isn't started. `warn`: it is, and a line says so. `allow`: it "
     "is."},
    {SectionKind::kGlobal, Key::kInclude, KeyForm::kWord, "include", true, "a path", "none",
     "Another rules file, which is read as if it stood here in sections of its own: its rules come "
     "before those that follow. One path a line, in as many lines as needed; relative to the "
     "folder "
     "of the file that has the line. `~/` and `${VAR}` are expanded."},
    {SectionKind::kProxy, Key::kUrl, KeyForm::kWord, "url", false, "a proxy URL", kMustBeGiven,
     "The proxy's protocol, address and credentials. `${VAR}` is expanded."},
    {SectionKind::kProxy, Key::kDns, KeyForm::kWord, "dns", false, "`remote` or `local`",
     "that of `[gochain]`",
     "Who looks up the names of targets that take this proxy as their route."},
    {SectionKind::kProxy, Key::kPasswordFile, KeyForm::kWord, "password_file", false, "a path",
     "none",
     "The file whose first line is the password, for the url's user. Relative to the folder of the "
     "rules file; `~/` and `${VAR}` are expanded."},
    {SectionKind::kProxy, Key::kPasswordEnv, KeyForm::kWord, "password_env", false,
     "the name of a variable", "none",
     "The variable that holds the password, for the url's user. COMMAND is started without it."},
    {SectionKind::kProxy, Key::kAuth, KeyForm::kWord, "auth", false,
     "`basic`, `digest`, `ntlm` or `negotiate`", "what the proxy asks for",
     "How an http or https proxy learns who is there: by the url's user and a password, or, with "
     "`negotiate`, by a Kerberos ticket. Without this key the strongest of what the proxy offers "
     "is "
     "taken: NTLM, Digest, Basic."},
    {SectionKind::kProxy, Key::kWorkstation, KeyForm::kWord, "workstation", false,
     "a name of at most 15 bytes", "this machine's name",
     "What a proxy is told by NTLM of the computer that somebody logs in from; some let users in "
     "from certain ones only."},
    {SectionKind::kProxy, Key::kPool, KeyForm::kWord, "pool", false, "a number from 0 to 16",
     "`2`, from the second dial on; `0` where the proxy answers within 2 ms",
     "How many connections to this proxy are kept ready, where it is a first hop: open, and for "
     "SOCKS5 past the greeting, so that a dial has one or two round trips less. Where this key "
     "says "
     "how many, the first are made while COMMAND is still loading. They wait for 20 seconds at "
     "most, and end with the run. "
     "Under `--mode=auto` and `--mode=supervise`; not for `https://` and `ssh://`, nor for "
     "`auth = negotiate`."},
    {SectionKind::kProxy, Key::kCaFile, KeyForm::kWord, "ca_file", false, "a path",
     "whom the system trusts",
     "For `https://` proxies: the file of the authorities, as PEM, of which one has to stand for "
     "the proxy's certificate; a self-signed certificate may stand there itself. `SSL_CERT_FILE` "
     "and `SSL_CERT_DIR` name the system's, if not the usual ones."},
    {SectionKind::kProxy, Key::kClientCert, KeyForm::kWord, "client_cert", false, "a path", "none",
     "For `https://` proxies that want a certificate of their clients: its file, as PEM, with "
     "those of the authorities between."},
    {SectionKind::kProxy, Key::kClientKey, KeyForm::kWord, "client_key", false, "a path",
     "in `client_cert`",
     "The file of the private key of `client_cert`, as PEM, without passphrase."},
    {SectionKind::kProxy, Key::kInsecure, KeyForm::kWord, "insecure", false, "`yes` or `no`",
     "`no`",
     "`yes`: any certificate of an `https://` proxy will do, so that whoever is on the way there "
     "can read and change what it carries. A warning at each start says so."},
    {SectionKind::kProxy, Key::kSshConfig, KeyForm::kWord, "ssh_config", false, "a path",
     "ssh's own files",
     "For `ssh://` proxies: the file that ssh reads in the place of its own (its option `-F`)."},
    {SectionKind::kProxy, Key::kPipeline, KeyForm::kWord, "pipeline", false,
     "`auto`, `yes` or `no`", "`auto`",
     "Whether this proxy is sent all messages of a connection, and those for the next hop behind "
     "them, without waiting for its answers in between: a round trip less for each. `auto` finds "
     "out whether it takes them, on connections of gochain's own."},
    {SectionKind::kChain, Key::kHops, KeyForm::kWord, "hops", true, "names of 1 to 16 proxies",
     kMustBeGiven,
     "The proxies in their order; the first is the one that this machine connects to. None stands "
     "twice in a chain."},
    {SectionKind::kChain, Key::kMode, KeyForm::kWord, "mode", false,
     "`strict`, `dynamic`, `random`, `round_robin`, `failover` or `fastest`", "`strict`",
     "How the hops are used. `strict`: all of them, in their order; one that is down fails the "
     "connection. `dynamic`: the same without those that are dead. `random`: `length` of them, "
     "drawn "
     "by lot. `round_robin`: `length` of them, each connection beginning behind the last hop of "
     "the "
     "one before. `failover`: the first that is alive, alone. `fastest`: the one that was "
     "connected "
     "to in the shortest time lately, alone."},
    {SectionKind::kChain, Key::kLength, KeyForm::kWord, "length", false,
     "a number from 1 to that of the hops", "`1`",
     "How many hops a connection goes through in the modes `random` and `round_robin`. Never "
     "fewer: "
     "where too many are dead, dead ones are tried."},
    {SectionKind::kChain, Key::kDns, KeyForm::kWord, "dns", false, "`remote` or `local`",
     "that of `[gochain]`",
     "Who looks up the names of targets that take this chain as their route; the `dns` of its hops "
     "says nothing here."},
    {SectionKind::kRules, Key::kRoute, KeyForm::kName, "ROUTE", true, "patterns", "none",
     "ROUTE is `direct`, `reject`, or the name of a proxy or a chain. The same route may stand on "
     "several lines."},
    {SectionKind::kRewrite, Key::kFrom, KeyForm::kWord, "from", false, "a pattern", kMustBeGiven,
     "The destinations: a host, a glob, an address, a network or a `:port`, each with or without "
     "port. No sets, lists or programs, and no `*` alone."},
    {SectionKind::kRewrite, Key::kTo, KeyForm::kWord, "to", false, "`HOST`, `HOST:PORT` or `:PORT`",
     kMustBeGiven,
     "What takes their place. Without a host the host stays, without a port the port."},
    {SectionKind::kHosts, Key::kHost, KeyForm::kName, "NAME", true, "addresses", "none",
     "The addresses of NAME, of which the first that can be reached is taken. NAME is a host name, "
     "without `*`."},
    {SectionKind::kEnv, Key::kUnset, KeyForm::kWord, "unset", true, "names of variables", "none",
     "Variables that COMMAND is started without."},
    {SectionKind::kEnv, Key::kVariable, KeyForm::kName, "NAME", false, "text", "none",
     "The value of the variable NAME for COMMAND; it may be empty. `${VAR}` is expanded from "
     "gochain's own environment, by whose `PATH` COMMAND itself is found. `LD_PRELOAD` and "
     "`GOCHAIN_…` can't be set or unset."},
};

}  // namespace

std::span<const SectionRow> Sections() { return kSections; }
std::span<const KeyRow> Keys() { return kKeys; }

const SectionRow* FindSection(std::string_view word) {
  for (const SectionRow& row : kSections) {
    if (row.word == word) {
      return &row;
    }
  }
  return nullptr;
}

const KeyRow* FindKey(SectionKind section, std::string_view word) {
  const KeyRow* names = nullptr;
  for (const KeyRow& row : kKeys) {
    if (row.section == section && row.form == KeyForm::kName) {
      names = &row;
    } else if (row.section == section && row.word == word) {
      return &row;
    }
  }
  return names;
}

std::vector<std::string_view> SectionWords() {
  std::vector<std::string_view> out;
  for (const SectionRow& row : kSections) {
    out.push_back(row.word);
  }
  return out;
}

std::vector<std::string_view> KeyWords(SectionKind section) {
  std::vector<std::string_view> out;
  for (const KeyRow& row : kKeys) {
    if (row.section == section && row.form == KeyForm::kWord) {
      out.push_back(row.word);
    }
  }
  return out;
}

std::string SectionHeader(const SectionRow& row) {
  return "[" + std::string(row.word) + (row.has_name ? " NAME]" : "]");
}

}  // namespace config
